"""Packages go to a registry over HTTP and come back, whatever the network does."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery import packages
from delivery.contents import contents_of
from delivery.keys import make_keys
from delivery.push import push_package
from delivery.registry import session
from delivery.registry.choice import open_registry
from delivery.sign import signed_package
from project.errors import UserError

from .conftest import MODEL, files_below
from .small_registry import SmallRegistry, small_registry

Make = Callable[..., None]


@pytest.fixture
def server(
    folder: Path, make_package: Make, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallRegistry]:
    """Run a registry to which the project's packages go."""
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    monkeypatch.setattr(session, "WAITS", (0.01, 0.01))
    with small_registry() as server:
        make_package(registry=f"{server.host}/team")
        make_keys()
        yield server


def push() -> str:
    return push_package(open_registry(), signed_package()).digest


@pytest.mark.parametrize("has_referrers", [True, False])
def test_what_is_pulled_is_what_was_pushed(server: SmallRegistry, has_referrers: bool) -> None:
    server.has_referrers = has_referrers

    digest = push()
    pulled = packages.fetch(digest)

    assert files_below(pulled.folder) == files_below(Path("dist"))
    tag = digest[7:19]
    fallback = set() if has_referrers else {digest.replace(":", "-")}
    assert server.tags.keys() == {tag} | fallback
    assert packages.resolve(tag) == digest
    assert packages.resolve("other") is None
    assert packages.exists(digest)


@pytest.mark.parametrize("has_referrers", [True, False])
def test_a_second_push_only_asks(server: SmallRegistry, has_referrers: bool) -> None:
    server.has_referrers = has_referrers
    push()
    server.requests.clear()

    push()

    assert not [request for request in server.requests if request[:4] in ("PUT ", "POST")]


def test_the_tag_goes_last(server: SmallRegistry) -> None:
    digest = push()

    puts = [request for request in server.requests if request.startswith("PUT")]
    assert puts[-1] == f"PUT /v2/team/toy/manifests/{digest[7:19]}"
    manifests = [index for index, request in enumerate(puts) if "/manifests/" in request]
    blobs = [index for index, request in enumerate(puts) if "/blobs/" in request]
    assert max(blobs) < min(manifests)


def test_what_others_list_under_the_fallback_tag_stays(server: SmallRegistry) -> None:
    server.has_referrers = False
    digest = push()
    first = open_registry().referrers(digest)

    for path in ("dist/signature.json", "dist/provenance.json"):
        Path(path).unlink()
    push()

    again = open_registry().referrers(digest)
    assert again[: len(first)] == first
    assert len(again) == len(first) + 1  # a signature is other bytes each time, a provenance not


def test_a_server_that_is_overloaded_for_a_moment_is_asked_again(server: SmallRegistry) -> None:
    server.unavailable = 2
    assert packages.resolve("x") is None
    digest = push()

    server.unavailable = 2
    assert packages.fetch(digest).digest == digest


def test_a_server_that_stays_overloaded_is_given_up(server: SmallRegistry) -> None:
    server.unavailable = 100

    with pytest.raises(UserError, match=r"team/toy: answers 503 Service Unavailable, 3 times$"):
        push()
    assert len(server.requests) == 3


def test_a_download_that_breaks_off_goes_on_where_it_was(server: SmallRegistry) -> None:
    digest = push()
    server.requests.clear()
    server.cut_after = len(MODEL) // 2

    assert packages.fetch(digest).digest == digest
    blobs = [request for request in server.requests if "/blobs/" in request]
    assert len(blobs) == len(set(blobs)) + 1


@pytest.mark.parametrize("answer", ["/referrers/", "/manifests/"])
def test_an_answer_that_breaks_off_is_asked_for_again(server: SmallRegistry, answer: str) -> None:
    digest = push()
    server.cut_in, server.cut_after = answer, 10

    assert packages.fetch(digest).digest == digest
    assert server.cut_after == 0


def test_another_blob_than_was_asked_for_is_refused(server: SmallRegistry) -> None:
    digest = push()
    for name, content in server.blobs.items():
        if content == b"service: toy\n":
            server.blobs[name] = b"service: own\n"

    with pytest.raises(UserError, match=r"team/toy: answers other bytes than those of blob"):
        packages.fetch(digest)
    assert not list(Path("build/pulled").iterdir())


def test_another_manifest_than_was_asked_for_is_refused(server: SmallRegistry) -> None:
    digest = push()
    other = next(one for name, one in server.manifests.items() if name != digest)
    server.manifests[digest] = other

    with pytest.raises(UserError, match=f"team/toy: answers another manifest for {digest}"):
        packages.fetch(digest)


def test_what_a_registry_complains_of_is_told(server: SmallRegistry) -> None:
    image = contents_of(signed_package()).image

    with pytest.raises(UserError, match=r"sending manifest tag: answers 404 MANIFEST_BLOB_UNKNOWN"):
        open_registry().send_manifest(image, "tag")


def test_a_registry_that_is_not_there_is_told_at_once(server: SmallRegistry) -> None:
    server.shutdown()
    server.server_close()

    before = time.monotonic()
    with pytest.raises(UserError, match=r"team/toy: does not answer: Connection refused$"):
        packages.exists(f"sha256:{'0' * 64}")
    assert time.monotonic() - before < 2


def test_netrc_and_proxies_are_for_others(
    server: SmallRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert packages.resolve("x") is None
