"""A registry of the distribution-spec 1.1 in a thread: with a referrers API, and troubles to order.

docker-registry, which the template's tests run, is of 1.0: it has neither.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from project.oci import INDEX_TYPE, MANIFEST_TYPE, Descriptor, canonical, digest_of

from ..local_server import LocalHandler, LocalServer, running

PREFIX = "/v2/team/toy"


class SmallRegistry(LocalServer):
    """Blobs, manifests and tags in memory."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.requests: list[str] = []
        self.unavailable = 0  # how many more requests are answered by 503
        self.cut_after = 0  # bytes of the next answer after which its connection is cut
        self.cut_in = "/blobs/"  # whose answer that is
        self.has_referrers = True


class Handler(LocalHandler):
    """One connection."""

    server: SmallRegistry

    def answer(self) -> None:
        """Answer any request."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.unavailable:
            self.server.unavailable -= 1
            self.reply(503)
            return
        parts = urlsplit(self.path)
        kind, _, name = parts.path.removeprefix(f"{PREFIX}/").partition("/")
        getattr(self, f"{self.command}_{kind}".lower())(name, parse_qs(parts.query), content)

    do_GET = do_HEAD = do_PUT = do_POST = answer  # noqa: N815

    def get_manifests(self, name: str, *_: Any) -> None:
        digest = self.server.tags.get(name, name)
        content = self.server.manifests.get(digest)
        kind = json.loads(content).get("mediaType", MANIFEST_TYPE) if content else ""
        self.reply(200 if content else 404, content or b"", {"Content-Type": kind})

    def put_manifests(self, name: str, _: Any, content: bytes) -> None:
        manifest = json.loads(content)
        listed = [manifest["config"], *manifest["layers"]] if "layers" in manifest else []
        if any(blob["digest"] not in self.server.blobs for blob in listed):
            self.reply(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}')
            return
        self.server.manifests[digest_of(content)] = content
        if not name.startswith("sha256:"):
            self.server.tags[name] = digest_of(content)
        subject = manifest.get("subject", {}).get("digest") if self.server.has_referrers else None
        self.reply(201, headers={"OCI-Subject": subject} if subject else {})

    def get_blobs(self, name: str, *_: Any) -> None:
        content = self.server.blobs.get(name)
        if content is None:
            self.reply(404)
            return
        start = int(re.findall(r"\d+", self.headers.get("Range", "bytes=0-"))[0])
        self.reply(206 if start else 200, content[start:])

    head_manifests, head_blobs = get_manifests, get_blobs

    def post_blobs(self, *_: Any) -> None:
        self.reply(202, headers={"Location": f"{PREFIX}/blobs/uploads/1?state=x"})

    def put_blobs(self, _: str, query: dict[str, list[str]], content: bytes) -> None:
        assert query["state"] == ["x"]
        (digest,) = query["digest"]
        if digest_of(content) != digest:
            self.reply(400, b'{"errors": [{"code": "DIGEST_INVALID", "message": "it differs"}]}')
            return
        self.server.blobs[digest] = content
        self.reply(201)

    def get_referrers(self, name: str, query: dict[str, list[str]], _: bytes) -> None:
        """List the referrers, one a page."""
        if not self.server.has_referrers:
            self.reply(404)
            return
        about = [one for one in self.server.manifests.values() if subject_of(one) == name]
        page = int(query.get("page", ["0"])[0])
        entries = [described(one).to_json() for one in about[page : page + 1]]
        headers = {"Content-Type": INDEX_TYPE}
        if page + 1 < len(about):
            headers["Link"] = f'<{PREFIX}/referrers/{name}?page={page + 1}>; rel="next"'
        self.reply(200, canonical({"schemaVersion": 2, "manifests": entries}), headers)

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send an answer, or the beginning of one."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if 0 < self.server.cut_after < len(body) and self.server.cut_in in self.path:
            body, self.server.cut_after = body[: self.server.cut_after], 0
            self.close_connection = True
        self.wfile.write(body)


def subject_of(content: bytes) -> str | None:
    found: dict[str, str] = json.loads(content).get("subject", {})
    return found.get("digest")


def described(content: bytes) -> Descriptor:
    kind = json.loads(content).get("artifactType")
    return Descriptor(MANIFEST_TYPE, digest_of(content), len(content), artifact_type=kind)


@contextmanager
def small_registry() -> Iterator[SmallRegistry]:
    """Run one until the block ends."""
    server = SmallRegistry()
    with running(server):
        yield server
