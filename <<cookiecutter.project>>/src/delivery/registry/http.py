"""A registry that speaks the OCI distribution-spec 1.1, or 1.0, which has no referrers API.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from delivery.registry.interface import LARGEST_MANIFEST, Sent, descriptor_of
from delivery.registry.session import Session, TransientError
from delivery.registry.upload import send_file
from project.errors import UserError
from project.oci import INDEX_TYPE, MANIFEST_TYPE, Descriptor, canonical, checked_digest, digest_of

CHUNK = 2**18
#: What docker pushes: a registry that may not answer it answers another manifest, made of it.
DOCKER_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
ATTEMPTS = 4  # to list referrers where others list theirs at the same time


class HttpRegistry:
    """A repository in a registry."""

    def __init__(self, host: str, repository: str) -> None:
        self._where = f"{host}/{repository}"
        self._session = Session(host, self._where)
        self._path = f"/v2/{repository}"

    @property
    def where(self) -> str:
        """Host and path."""
        return self._where

    def resolve(self, tag: str) -> str | None:
        """Ask what a tag points to."""
        found = self._manifest(tag)
        return digest_of(found) if found is not None else None

    def has_manifest(self, digest: str) -> bool:
        """Ask for a manifest; a registry stores none whose blobs it has not."""
        url = f"{self._path}/manifests/{checked_digest(digest)}"
        return self._is_there(url, f"looking for {digest}")

    def manifest(self, digest: str) -> bytes | None:
        """Get a manifest."""
        return self._manifest(checked_digest(digest))

    def send_manifest(self, content: bytes, tag: str | None = None) -> None:
        """Put a manifest under its digest or a tag."""
        self._put_manifest(content, tag or digest_of(content))

    def has_blob(self, digest: str) -> bool:
        """Ask for a blob."""
        return self._is_there(self._blob_url(digest), f"looking for blob {digest}")

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Get a blob; where the connection breaks, the rest of it."""
        done = tried = 0
        while True:
            try:
                for chunk in self._chunks(digest, done):
                    done, tried = done + len(chunk), 0
                    yield chunk
                return
            except TransientError as failure:
                self._session.pause(tried, failure)
                tried += 1

    def send_blob(self, digest: str, file: Path, sent: Sent) -> None:
        """Upload a file in one piece; where the connection breaks, from its start."""
        uploads = f"{self._path}/blobs/uploads/"
        self._session.again(lambda: send_file(self._session, uploads, digest, file, sent))

    def referrers(self, digest: str) -> list[Descriptor]:
        """Ask the referrers API, or read the list under the fallback tag."""
        url: str | None = f"{self._path}/referrers/{checked_digest(digest)}"
        found: list[Descriptor] = []
        while url:
            response = self._session.request("GET", url)
            if response.status_code != 200 or not _is_index(response):
                return self._listed(digest)
            found += _entries(response.content, self.where)
            url = response.links.get("next", {}).get("url")
        return found

    def attach(self, digest: str, manifests: list[bytes]) -> None:
        """Put manifests; list them under the fallback tag where the registry does not itself."""
        unlisted = [
            descriptor_of(content)
            for content in manifests
            if not self._put_manifest(content, digest_of(content)).headers.get("OCI-Subject")
        ]
        # Registries have no lock, so whoever lists at the same time may write over our list.
        for _ in range(ATTEMPTS):
            listed = self._listed(digest)
            missing = [entry for entry in unlisted if entry not in listed]
            if not missing:
                return
            entries = [entry.to_json() for entry in [*listed, *missing]]
            index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
            self._put_manifest(canonical(index), _fallback_tag(digest))
        raise UserError(f"{self.where}: others list what belongs to {digest}; push again")

    def _is_there(self, url: str, doing: str) -> bool:
        response = self._session.request("HEAD", url, headers=_accept(), allow_redirects=True)
        if response.status_code not in (200, 404):
            raise self._session.refuse(response, doing)
        return response.status_code == 200

    def _manifest(self, reference: str) -> bytes | None:
        return self._session.again(lambda: self._read_manifest(reference))

    def _read_manifest(self, reference: str) -> bytes | None:
        url = f"{self._path}/manifests/{reference}"
        with self._session.once("GET", url, headers=_accept(), stream=True) as response:
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise self._session.refuse(response, f"asking for {reference}")
            content = b""
            try:
                for chunk in response.iter_content(CHUNK):
                    content += chunk
                    if len(content) > LARGEST_MANIFEST:
                        raise UserError(f"{self.where}: {reference}: too large for a manifest")
            except requests.RequestException:
                raise TransientError(f"the connection broke in {reference}") from None
        return content

    def _put_manifest(self, content: bytes, reference: str) -> requests.Response:
        media_type = json.loads(content).get("mediaType", MANIFEST_TYPE)
        response = self._session.request(
            "PUT",
            f"{self._path}/manifests/{reference}",
            body=lambda: content,
            headers={"Content-Type": media_type},
        )
        if response.status_code != 201:
            raise self._session.refuse(response, f"sending manifest {reference}")
        return response

    def _chunks(self, digest: str, start: int) -> Iterator[bytes]:
        wanted = {"Range": f"bytes={start}-"} if start else {}
        url = self._blob_url(digest)
        response = self._session.request("GET", url, headers=wanted, stream=True)
        with response:
            if response.status_code == 404:
                raise UserError(f"{self.where}: has no blob {digest}")
            if response.status_code not in (200, 206):
                raise self._session.refuse(response, f"fetching blob {digest}")
            if start and response.status_code == 200:
                raise UserError(f"{self.where}: blob {digest}: the connection broke; pull again")
            try:
                yield from response.iter_content(CHUNK)
            except requests.RequestException:
                raise TransientError(f"the connection broke in blob {digest}") from None

    def _listed(self, digest: str) -> list[Descriptor]:
        content = self._manifest(_fallback_tag(digest))
        return _entries(content, self.where) if content is not None else []

    def _blob_url(self, digest: str) -> str:
        return f"{self._path}/blobs/{checked_digest(digest)}"


def _accept() -> dict[str, str]:
    return {"Accept": ", ".join((MANIFEST_TYPE, INDEX_TYPE, *DOCKER_TYPES))}


def _is_index(response: requests.Response) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0] == INDEX_TYPE


def _entries(content: bytes, where: str) -> list[Descriptor]:
    try:
        listed: list[dict[str, Any]] = json.loads(content)["manifests"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{where}: expected a list of referrers") from None
    return [Descriptor.from_json(entry) for entry in listed]


def _fallback_tag(digest: str) -> str:
    """Return the tag under which referrers are listed where a registry does not list them."""
    return checked_digest(digest).replace(":", "-")
