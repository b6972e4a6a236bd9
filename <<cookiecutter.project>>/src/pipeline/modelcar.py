"""The ModelCar: an OCI image with the model under /models, written as an image layout.

No daemon, no clock, no user: the same files and labels give the same bytes.
"""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.subject import version_of
from project import oci
from project.errors import UserError

ROOT = PurePosixPath("models")
#: On each of our layers: the file within, and its digest.
PATH = "io.slipway.file.path"
DIGEST = "io.slipway.file.digest"


def write_modelcar(
    layout: Path, files: Mapping[str, bytes | Path], labels: Mapping[str, str], base: str
) -> oci.Descriptor:
    """Write an image with one layer per file below /models; return its manifest's descriptor.

    base: `scratch`, or `path@sha256:…` of an image in an OCI layout, whose layers come first.
    """
    oci.create_layout(layout)
    config, layers = _start(layout, base)
    for name in sorted(files):
        layer = _layer(layout, ROOT / name, files[name])
        layers.append(layer)
        config["rootfs"]["diff_ids"].append(layer.digest)  # a plain tar is its own diff
        config["history"].append({"created_by": f"make repro: /{ROOT / name}"})
    config["config"]["Labels"] = {**config["config"].get("Labels", {}), **labels}
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci.MANIFEST_TYPE,
        "config": oci.write_blob(layout, oci.canonical(config), oci.CONFIG_TYPE).to_json(),
        "layers": [layer.to_json() for layer in layers],
        "annotations": dict(labels),
    }
    written = oci.write_blob(layout, oci.canonical(manifest), oci.MANIFEST_TYPE)
    named = replace(written, annotations={oci.REF_NAME: version_of(written.digest)})
    oci.write_index(layout, [named])
    return written


def _start(layout: Path, base: str) -> tuple[dict[str, Any], list[oci.Descriptor]]:
    """Return the config that the image begins with, and its layers, copied into the layout."""
    if base == "scratch":
        # Files have no architecture, but a config must name one.
        config: dict[str, Any] = {"architecture": "amd64", "os": "linux"}
        layers: list[oci.Descriptor] = []
    else:
        config, layers = _copy_base(layout, base)
    config.pop("created", None)
    config.setdefault("config", {})
    config.setdefault("history", [])
    config.setdefault("rootfs", {"type": "layers", "diff_ids": []})
    return config, layers


def _copy_base(layout: Path, base: str) -> tuple[dict[str, Any], list[oci.Descriptor]]:
    path, _, digest = base.rpartition("@")
    source = Path(path)
    try:
        oci.read_index(source)
        manifest = oci.read_manifest(source, oci.Descriptor(oci.MANIFEST_TYPE, digest, 0))
        if "layers" not in manifest:
            raise UserError(f"{digest} is no image for one machine; name one that it lists")
        config = oci.read_manifest(source, oci.Descriptor.from_json(manifest["config"]))
        layers = [oci.Descriptor.from_json(layer) for layer in manifest["layers"]]
        for layer in layers:
            copied = oci.copy_blob(oci.blob_path(source, layer.digest), layout, layer.media_type)
            if copied.digest != layer.digest:
                raise UserError(f"layer {layer.digest} has another content than its name says")
    except FileNotFoundError as error:
        raise UserError(f"package.base: {error.filename}: no such layer in {source}") from None
    except UserError as error:
        raise UserError(f"package.base: {error}") from None
    return config, layers


def _layer(layout: Path, name: PurePosixPath, content: bytes | Path) -> oci.Descriptor:
    """Write a layer that holds one file and the folders above it, readable by anyone."""
    digest = oci.file_digest(content) if isinstance(content, Path) else oci.digest_of(content)
    tar = layout / ".layer.tar"
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:
        for folder in reversed(name.parents[:-1]):
            entry = tarfile.TarInfo(str(folder))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        entry = tarfile.TarInfo(str(name))
        entry.mode = 0o644
        if isinstance(content, Path):
            entry.size = content.stat().st_size
            with content.open("rb") as file:
                archive.addfile(entry, file)
        else:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    annotations = {PATH: f"/{name}", DIGEST: digest}
    return oci.move_blob(tar, layout, oci.LAYER_TYPE, annotations=annotations)
