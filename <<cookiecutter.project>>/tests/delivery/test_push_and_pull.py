"""A package goes to a folder of OCI layouts and comes back with the same bytes."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery import packages
from delivery.contents import SIGNATURE_TYPE, contents_of
from delivery.keys import make_keys
from delivery.pull import main as pull_main
from delivery.push import main, push_package
from delivery.registry.choice import open_registry
from delivery.registry.folder import Folder
from delivery.sign import sign_package, signed_package
from project.errors import UserError
from project.files import read_json
from project.oci import Descriptor, blob_path

from .conftest import MODEL, files_below

Make = Callable[..., None]
LAYOUT = Path("registry/toy")


def push() -> str:
    return push_package(open_registry(), signed_package()).digest


def test_what_is_pulled_is_what_was_pushed(package: Path) -> None:
    digest = push()
    pushed = files_below(package)
    shutil.rmtree(package)

    pulled = packages.fetch(digest)

    assert pulled.digest == digest
    assert pulled.folder == Path("build/pulled") / digest.removeprefix("sha256:")
    assert files_below(pulled.folder) == pushed


def test_the_model_is_kept_once_and_the_tag_points_to_its_image(package: Path) -> None:
    digest = push()

    blobs = [path for path in LAYOUT.rglob("*") if path.is_file() and MODEL in path.read_bytes()]
    assert len(blobs) == 1
    assert packages.resolve(digest[7:19]) == digest
    kinds = {entry.artifact_type for entry in open_registry().referrers(digest)}
    assert kinds == {
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
        "application/vnd.slipway.bento.v1",
        "application/vnd.slipway.package.v1+json",
        "application/vnd.slipway.signature.v1+json",
    }


def test_a_second_push_sends_nothing(package: Path) -> None:
    push()
    before = files_below(LAYOUT)

    again = push_package(open_registry(), signed_package())

    assert (again.blobs, again.size) == (0, 0)
    assert files_below(LAYOUT) == before


def test_another_model_sends_its_layer_and_what_names_it(package: Path, make_package: Make) -> None:
    push()
    shutil.rmtree(package)
    make_package(MODEL[::-1])

    again = push_package(open_registry(), signed_package())

    small = [path.stat().st_size for path in package.glob("*.json")]
    assert again.size < len(MODEL) + 10240 + sum(small) + 1024  # a tar is padded to 10,240


def test_a_tag_can_be_moved_and_a_digest_asked_for(package: Path, make_package: Make) -> None:
    first = push()
    shutil.rmtree(package)
    make_package(b"another")
    second = push()

    packages.tag(first, "champion")
    assert packages.resolve("champion") == first
    packages.tag(second, "champion")
    assert packages.resolve("champion") == second
    assert packages.resolve("nobody") is None
    assert packages.exists(first)
    assert not packages.exists(f"sha256:{'0' * 64}")
    assert packages.resolve(first[7:19]) == first


def test_what_is_no_tag_or_digest_is_refused(package: Path) -> None:
    digest = push()

    with pytest.raises(UserError, match="a tag has up to 128 letters"):
        packages.tag(digest, "../x")
    with pytest.raises(UserError, match="expected a digest"):
        packages.fetch("latest")
    with pytest.raises(UserError, match=r"^registry/toy: has no package sha256:0000"):
        packages.fetch(f"sha256:{'0' * 64}")


@pytest.mark.parametrize("place", ["ghcr.io", "https://ghcr.io/team", "ghcr.io/Team", "x/../y", ""])
def test_what_is_no_place_in_a_registry_is_refused(make_package: Make, place: str) -> None:
    make_package(registry=place)

    with pytest.raises(UserError, match=r"^conf/project.yaml: registry: .*expected local"):
        open_registry()


def test_make_push_and_pull_say_where(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main()
    digest = read_json(package / "manifest.json")["digests"]["modelcar"]
    monkeypatch.setenv("DIGEST", digest)
    pull_main()

    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"pushed registry/toy:{digest[7:19]} (")
    assert second == f"make pull DIGEST={digest}"
    assert last == f"build/pulled/{digest[7:]}/: verified"


def test_pull_without_a_digest_says_what_to_type(
    folder: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGEST", raising=False)

    assert refusal(pull_main) == "error: DIGEST: which package? type: make pull DIGEST=sha256:…"


@pytest.mark.parametrize("name", ["bento.yaml", "model layer", "signature.json"])
def test_a_blob_that_is_not_what_its_digest_says_is_refused(package: Path, name: str) -> None:
    digest = push()
    wanted = {"bento.yaml": b"service: toy\n", "model layer": MODEL, "signature.json": b"dsseEnv"}
    for path in (LAYOUT / "blobs/sha256").iterdir():
        if wanted[name] in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(wanted[name][:7], b"changed"))

    with pytest.raises(UserError, match=r"^registry/toy: answers other bytes than those of blob"):
        packages.fetch(digest)
    assert not list(Path("build/pulled").iterdir())


def test_a_package_with_the_signature_of_another_is_refused(
    package: Path, make_package: Make
) -> None:
    first = push()
    shutil.rmtree(package)
    make_package(b"another")
    second = push()
    registry = open_registry()
    (stolen,), (own,) = signatures(second), signatures(first)
    content = json.loads(registry.manifest(stolen.digest) or b"")
    blob_path(LAYOUT, own.digest).unlink()
    content["subject"]["digest"] = first
    registry.attach(first, [json.dumps(content).encode()])

    with pytest.raises(UserError, match=f"the signature is not of {first}"):
        packages.fetch(first)


def signatures(digest: str) -> list[Descriptor]:
    listed = open_registry().referrers(digest)
    return [entry for entry in listed if entry.artifact_type == SIGNATURE_TYPE]


def test_a_package_signed_with_another_key_is_refused(package: Path) -> None:
    digest = push()
    shutil.rmtree("keys")
    make_keys()

    with pytest.raises(UserError, match=r"signature.json: was made with another key"):
        packages.fetch(digest)


def test_the_newest_signature_by_our_key_counts(package: Path) -> None:
    digest = push()
    shutil.rmtree("keys")
    make_keys()
    assert push() == digest

    assert packages.fetch(digest).digest == digest
    assert files_below(packages.fetch(digest).folder) == files_below(package)


def test_a_copy_does_not_answer_for_the_registry_and_puts_the_package_back(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = push()
    copy = files_below(packages.fetch(digest).folder)
    for folder in (LAYOUT, package):
        shutil.rmtree(folder)

    with pytest.raises(UserError) as refused:
        packages.fetch(digest)
    assert str(refused.value) == (
        f"registry/toy: has no package {digest} any more, of which a copy is here; "
        f"to put it back, type: make push DIGEST={digest}"
    )

    monkeypatch.setenv("DIGEST", digest)
    main()
    shutil.rmtree("build/pulled")
    assert files_below(packages.fetch(digest).folder) == copy
    shutil.rmtree("build/pulled")
    with pytest.raises(UserError, match=f"^DIGEST={digest}: no copy of it is here, in build/pul"):
        main()


def test_a_damaged_pull_is_fetched_again(package: Path) -> None:
    digest = push()
    folder = packages.fetch(digest).folder
    (folder / "bento/bento.yaml").write_text("changed")

    assert files_below(packages.fetch(digest).folder) == files_below(package)


def test_a_blob_that_was_lost_is_sent_again(package: Path) -> None:
    digest = push()
    for path in (LAYOUT / "blobs/sha256").iterdir():
        if MODEL in path.read_bytes() or path.read_bytes() == b"service: toy\n":
            path.unlink()
    assert not open_registry().has_manifest(digest)

    push()

    assert open_registry().has_manifest(digest)
    packages.fetch(digest)


def push_model(number: int, root: Path) -> None:
    """Push a package of its own from a folder of its own to the folder that all share."""
    os.chdir(root / str(number))
    push_package(Folder(root / "shared/toy"), signed_package())


def test_pushes_at_the_same_time_all_arrive(folder: Path, make_package: Make) -> None:
    numbers = range(6)
    for number in numbers:
        Path(str(number)).mkdir()
        os.chdir(str(number))
        make_package(str(number).encode())
        make_keys()
        sign_package()
        os.chdir("..")

    fork = multiprocessing.get_context("fork")
    pushing = [fork.Process(target=push_model, args=(number, folder)) for number in numbers]
    for process in pushing:
        process.start()
    for process in pushing:
        process.join()

    registry = Folder(folder / "shared/toy")
    for number in numbers:
        manifest = read_json(Path(str(number), "dist/manifest.json"))
        digest = manifest["digests"]["modelcar"]
        assert registry.resolve(manifest["version"]) == digest
        assert registry.has_manifest(digest)
        assert len(registry.referrers(digest)) == 5


def test_a_manifest_is_never_listed_before_its_blobs(package: Path) -> None:
    signed = signed_package()
    with pytest.raises(UserError, match=r"lists blob sha256:.*, which is not here"):
        Folder(LAYOUT).send_manifest(contents_of(signed).image, "tag")
    assert Folder(LAYOUT).resolve("tag") is None


def test_push_without_a_package_says_what_to_type(
    folder: Path, make_package: Make, refusal: Callable[..., str]
) -> None:
    make_package()
    shutil.rmtree("dist")
    make_keys()

    assert refusal(main).startswith("error: dist/manifest.json: no such file, so there is no pack")
