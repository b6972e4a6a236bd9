"""An OCI image layout as a folder: digests, descriptors, and blobs named by what they hold.

After the image-spec 1.1 of the Open Container Initiative: https://github.com/opencontainers/image-spec
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from project.errors import UserError
from project.files import replacing, sha256

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"  # an image's tag, in an index
EMPTY = b"{}"  # the content of a config that says nothing, as referrers have it

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """What a blob is, its digest (`sha256:…`) and its size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = field(default_factory=dict)
    artifact_type: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the descriptor as a manifest or an index lists it."""
        made: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.artifact_type:
            made["artifactType"] = self.artifact_type
        if self.annotations:
            made["annotations"] = self.annotations
        return made

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Descriptor":
        """Read what `to_json` made; `UserError` where a key is missing or the digest is none."""
        try:
            digest, size = str(value["digest"]), int(value["size"])
            media_type = str(value["mediaType"])
        except (KeyError, TypeError, ValueError):
            raise UserError(f"not an OCI descriptor: {json.dumps(value)[:80]}") from None
        annotations = dict(value.get("annotations") or {})
        return cls(media_type, checked_digest(digest), size, annotations, value.get("artifactType"))


def digest_of(content: bytes) -> str:
    """Name some bytes: `sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def file_digest(path: Path) -> str:
    """Name a file's bytes: `sha256:…`."""
    return f"sha256:{sha256(path)}"


def checked_digest(text: str) -> str:
    """Return a digest that may be part of a path, or raise `UserError`."""
    if not DIGEST.fullmatch(text):
        raise UserError(f"{text[:80]!r}: expected a digest: sha256: and 64 hexadecimal digits")
    return text


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces: the same value gives the same bytes."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def blob_path(layout: Path, digest: str) -> Path:
    """Return where a layout keeps a blob."""
    algorithm, _, hexadecimal = checked_digest(digest).partition(":")
    return layout / "blobs" / algorithm / hexadecimal


def create_layout(layout: Path) -> None:
    """Make an empty layout of a folder that does not exist or is empty."""
    (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    (layout / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))
    write_index(layout, [])


def write_blob(layout: Path, content: bytes, media_type: str, **more: Any) -> Descriptor:
    """Put bytes into a layout; `more` are the descriptor's annotations or artifact_type."""
    found = Descriptor(media_type, digest_of(content), len(content), **more)
    path = blob_path(layout, found.digest)
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return found


def copy_blob(source: Path, layout: Path, media_type: str, **more: Any) -> Descriptor:
    """Put a file into a layout, without holding it in memory."""
    found = Descriptor(media_type, file_digest(source), source.stat().st_size, **more)
    path = blob_path(layout, found.digest)
    if not path.exists():
        with replacing(path) as temporary:
            shutil.copyfile(source, temporary)
    return found


def move_blob(source: Path, layout: Path, media_type: str, **more: Any) -> Descriptor:
    """Make a file that lies on the same disk a blob."""
    found = Descriptor(media_type, file_digest(source), source.stat().st_size, **more)
    source.replace(blob_path(layout, found.digest))
    return found


def read_blob(layout: Path, descriptor: Descriptor) -> bytes:
    """Read a blob; `UserError` where it is missing or not what its name says."""
    path = blob_path(layout, descriptor.digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such blob; the layout is not whole") from None
    if digest_of(content) != descriptor.digest:
        raise UserError(f"{path}: its content has another digest than its name says")
    return content


def read_manifest(layout: Path, descriptor: Descriptor) -> dict[str, Any]:
    """Read an image manifest, an index or a config: a blob that holds JSON."""
    try:
        value = json.loads(read_blob(layout, descriptor))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f"{blob_path(layout, descriptor.digest)}: expected a JSON object")
    return value


def write_index(layout: Path, manifests: list[Descriptor]) -> None:
    """Replace the layout's index.json, which lists what the layout is about."""
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [manifest.to_json() for manifest in manifests],
    }
    with replacing(layout / "index.json") as temporary:
        temporary.write_bytes(canonical(index))


def read_index(layout: Path) -> list[Descriptor]:
    """List what a layout is about; `UserError` where the folder is no layout."""
    path = layout / "index.json"
    try:
        entries = json.loads(path.read_bytes())["manifests"]
        return [Descriptor.from_json(entry) for entry in entries]
    except FileNotFoundError:
        raise UserError(f"{layout}: no OCI image layout: it has no index.json") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: expected the index of an OCI image layout") from None


def only_manifest(layout: Path) -> Descriptor:
    """Return the one image of a layout that holds one."""
    manifests = read_index(layout)
    if len(manifests) != 1:
        raise UserError(f"{layout}: expected one image, its index.json lists {len(manifests)}")
    return manifests[0]
