"""What a registry is sent of a package: the image, and manifests that are about it.

Each file of the package is a blob of its own, so that an unchanged one is not sent again. The model
goes within the image alone; `make pull` puts it back into the Bento.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.package import MODELCAR_FOLDER, Package, files_of
from delivery.registry.interface import blobs_of, parse_manifest
from project.artefacts import BENTO, MODEL_SBOM, PROVENANCE, SBOM, SIGNATURE
from project.oci import (
    EMPTY,
    EMPTY_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    blob_path,
    canonical,
    digest_of,
    file_digest,
    read_blob,
)

SBOM_TYPE = "application/vnd.cyclonedx+json"
SIGNATURE_TYPE = "application/vnd.slipway.signature.v1+json"
BENTO_TYPE = "application/vnd.slipway.bento.v1"
PACKAGE_TYPE = "application/vnd.slipway.package.v1+json"
#: The artifact type and the media type of a manifest's files, by the file or folder in dist/.
KINDS = {
    SBOM.name: (SBOM_TYPE, SBOM_TYPE),
    MODEL_SBOM.name: (SBOM_TYPE, SBOM_TYPE),
    PROVENANCE.name: ("application/vnd.in-toto+json", "application/vnd.in-toto+json"),
    SIGNATURE.name: (SIGNATURE_TYPE, "application/vnd.dev.sigstore.bundle.v0.3+json"),
    BENTO.name: (BENTO_TYPE, "application/octet-stream"),
}
OTHERS = (PACKAGE_TYPE, "application/octet-stream")  # manifest.json, and the image's own index

PATH = "org.opencontainers.image.title"
BLOBS = f"{MODELCAR_FOLDER}/blobs/"


@dataclass(frozen=True)
class Contents:
    """An image, the manifests that are about it, and where the blobs of each lie."""

    image: bytes
    attached: list[bytes]
    blobs: dict[str, Path]


def contents_of(package: Package) -> Contents:
    """Say what is sent of a signed package."""
    layout = package.folder / MODELCAR_FOLDER
    image = read_blob(layout, package.image)
    listed = blobs_of(parse_manifest(image, str(layout)))
    blobs = {blob.digest: blob_path(layout, blob.digest) for blob in listed}
    files: dict[str, list[Descriptor]] = {artifact_type: [] for artifact_type, _ in _kinds()}
    for name in [*files_of(package.folder), SIGNATURE.name]:
        path = package.folder / name
        if name.startswith(BLOBS) or not path.stat().st_size:
            continue  # nothing needs no blob, and some registries take none
        digest = file_digest(path)
        if digest == package.digests["model"]:
            continue
        artifact_type, media_type = KINDS.get(name.partition("/")[0], OTHERS)
        size, annotations = path.stat().st_size, {PATH: name}
        files[artifact_type].append(Descriptor(media_type, digest, size, annotations))
        blobs[digest] = path
    attached = [referrer(package.image, kind, layers) for kind, layers in files.items() if layers]
    return Contents(image, attached, blobs)


def _kinds() -> list[tuple[str, str]]:
    return [*KINDS.values(), OTHERS]


def referrer(image: Descriptor, artifact_type: str, layers: list[Descriptor]) -> bytes:
    """Make a manifest of files that is about an image."""
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": artifact_type,
        "config": Descriptor(EMPTY_TYPE, digest_of(EMPTY), len(EMPTY)).to_json(),
        "layers": [layer.to_json() for layer in layers],
        "subject": Descriptor(image.media_type, image.digest, image.size).to_json(),
    }
    return canonical(manifest)
