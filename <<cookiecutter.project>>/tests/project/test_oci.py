"""A layout holds what its names say, or says in one line what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from project import oci
from project.errors import UserError

LAYOUT = Path("layout")
CONTENT = b"weights"
WRONG_LAYOUTS: dict[str, tuple[Callable[[oci.Descriptor], object], str]] = {
    "no layout": (lambda _: oci.read_index(Path("elsewhere")), "no OCI image layout"),
    "an index that is no JSON": (
        lambda _: (LAYOUT / "index.json").write_text("{") and oci.read_index(LAYOUT),
        "expected the index of an OCI image layout",
    ),
    "a blob that is missing": (
        lambda blob: (
            oci.blob_path(LAYOUT, blob.digest).unlink() or oci.read_blob(LAYOUT, blob)  # type: ignore[func-returns-value]
        ),
        "no such blob",
    ),
    "a blob that was changed": (
        lambda blob: (
            oci.blob_path(LAYOUT, blob.digest).write_bytes(b"w3ights")
            and oci.read_blob(LAYOUT, blob)
        ),
        "another digest than its name",
    ),
    "a manifest that is no JSON": (
        lambda blob: oci.read_manifest(LAYOUT, blob),
        "expected a JSON object",
    ),
    "two images": (
        lambda blob: oci.write_index(LAYOUT, [blob, blob]) or oci.only_manifest(LAYOUT),  # type: ignore[func-returns-value]
        "expected one image, its index.json lists 2",
    ),
    "a digest that leaves the folder": (
        lambda _: oci.blob_path(LAYOUT, "sha256:../../etc/passwd"),
        "expected a digest",
    ),
    "a descriptor without a size": (
        lambda blob: oci.Descriptor.from_json({"mediaType": "a", "digest": blob.digest}),
        "not an OCI descriptor",
    ),
}


@pytest.fixture
def blob(folder: Path) -> oci.Descriptor:
    """Make a layout with one blob."""
    oci.create_layout(LAYOUT)
    return oci.write_blob(LAYOUT, CONTENT, "text/plain", annotations={"title": "w"})


def test_a_blob_is_found_by_its_digest(blob: oci.Descriptor) -> None:
    assert blob.digest == oci.digest_of(CONTENT)
    assert (LAYOUT / "blobs/sha256" / blob.digest.removeprefix("sha256:")).read_bytes() == CONTENT
    assert oci.read_blob(LAYOUT, blob) == CONTENT


def test_a_file_becomes_the_same_blob_as_its_bytes(blob: oci.Descriptor) -> None:
    Path("weights").write_bytes(CONTENT)

    copied = oci.copy_blob(Path("weights"), LAYOUT, "text/plain", annotations={"title": "w"})

    assert copied == blob


def test_an_index_gives_back_what_was_written(blob: oci.Descriptor) -> None:
    oci.write_index(LAYOUT, [blob])

    assert oci.read_index(LAYOUT) == [blob]
    assert oci.only_manifest(LAYOUT) == blob
    assert json.loads((LAYOUT / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_canonical_json_does_not_know_the_order_of_keys() -> None:
    assert oci.canonical({"b": 1, "a": "ü"}) == oci.canonical({"a": "ü", "b": 1})
    assert oci.canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()


@pytest.mark.parametrize(("use", "words"), WRONG_LAYOUTS.values(), ids=WRONG_LAYOUTS)
def test_a_layout_that_is_not_whole_is_refused(
    use: Callable[[oci.Descriptor], object], words: str, blob: oci.Descriptor
) -> None:
    with pytest.raises(UserError, match=words):
        use(blob)
