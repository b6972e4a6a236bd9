"""Debian's docker-registry on this machine alone: open, with a password, or with tokens."""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.tracking_server import end, wait_for

USER, PASSWORD = "ada", "secret"
REFRESH_TOKEN = "a-token-that-buys-others"  # at the server of tokens
# As `htpasswd -Bbn ada secret` prints it: the registry takes no other kind of hash.
HTPASSWD = "ada:$2y$05$fQ308T7Y7KSAXHCqMcP48uijeeBGOBg9TRbmdMTTH6K00bW0wu8EC\n"
#: What a server logs once it listens, on a port that was free: one chosen before may be taken.
LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)\D")
TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"


@contextmanager
def docker_registry(auth: dict[str, Any] | None = None) -> Iterator[str]:
    """Run a registry until the block ends; yield its host and port."""
    if not shutil.which("docker-registry"):
        pytest.skip("there is no docker-registry here: make test installs Debian's package")
    folder = Path(mkdtemp(prefix="slipway-registry-"))
    configuration = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": "127.0.0.1:0"},
    }
    if auth:
        configuration["auth"] = auth
    (folder / "config.json").write_text(json.dumps(configuration))  # which is YAML too
    with (folder / "log").open("w") as log:
        command = ["docker-registry", "serve", str(folder / "config.json")]
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: is_up(address(folder / "log")), server, folder / "log")
        yield address(folder / "log")
    finally:
        end(server)
        shutil.rmtree(folder)


@contextmanager
def registry_with_password() -> Iterator[str]:
    """Run a registry that asks for a name and a password."""
    folder = Path(mkdtemp(prefix="slipway-htpasswd-"))
    (folder / "htpasswd").write_text(HTPASSWD)
    try:
        with docker_registry({"htpasswd": {"realm": "test", "path": f"{folder}/htpasswd"}}) as host:
            yield host
    finally:
        shutil.rmtree(folder)


@contextmanager
def registry_with_tokens(python: Path) -> Iterator[str]:
    """Run a registry that sends its users to a server of tokens; `python` has what that needs."""
    folder = Path(mkdtemp(prefix="slipway-tokens-"))
    script = Path(__file__).with_name("token_server.py")
    with (folder / "log").open("w") as log:
        command = [str(python), str(script), str(folder / "certificate.pem")]
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: is_up(address(folder / "log")), server, folder / "log")
        tokens = {
            "realm": f"http://{address(folder / 'log')}/token",
            "service": "test",
            "issuer": "test",
            "rootcertbundle": str(folder / "certificate.pem"),
        }
        with docker_registry({"token": tokens}) as host:
            yield host
    finally:
        end(server)
        shutil.rmtree(folder)


def address(log: Path) -> str:
    """Return where a server listens by its log; `OSError` where it does not say so yet."""
    found = LISTENING.search(log.read_text())
    if not found:
        raise OSError(f"{log}: it does not listen yet")
    return found[1]


def is_up(host: str) -> None:
    """Fail where nothing answers; an answer that asks who one is will do."""
    try:
        urlopen(f"http://{host}/v2/", timeout=5).close()
    except HTTPError as error:
        with error:
            if error.code != 401:
                raise


def login(home: Path, host: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
    """Write a login as `docker login` does; return the environment that finds it."""
    auth = b64encode(f"{USER}:{password}".encode()).decode()
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth, **more}}}))
    return {"DOCKER_CONFIG": str(home)}


def tags(host: str, repository: str) -> list[str]:
    """List the tags of a repository, none where there is no repository."""
    try:
        return list(json.loads(get(host, f"{repository}/tags/list"))["tags"] or [])
    except HTTPError as error:
        with error:
            if error.code == 404:
                return []
            raise


def assert_whole(host: str, repository: str) -> None:
    """See that each tag leads to manifests and blobs that are all there."""
    for tag in tags(host, repository):
        assert_has(host, repository, tag)


def assert_has(host: str, repository: str, reference: str) -> None:
    """See that a manifest is there, and all that it lists."""
    manifest = json.loads(get(host, f"{repository}/manifests/{reference}"))
    for listed in manifest.get("manifests", []):
        assert_has(host, repository, listed["digest"])
    for blob in [manifest["config"], *manifest["layers"]] if "layers" in manifest else []:
        assert len(get(host, f"{repository}/blobs/{blob['digest']}")) == blob["size"]


def get(host: str, path: str) -> bytes:
    """Ask a registry that is open or wants a password."""
    basic = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
    request = Request(f"http://{host}/v2/{path}", headers={"Accept": TYPES, "Authorization": basic})
    with urlopen(request, timeout=30) as response:
        return bytes(response.read())
