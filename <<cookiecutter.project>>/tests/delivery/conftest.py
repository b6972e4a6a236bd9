"""A project with a package in dist/, laid out as the stage of that name does, and a key pair."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.keys import make_keys
from project.dvc_lock import content_md5
from project.files import sha256, write_json
from project.git import git
from project.oci import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    canonical,
    create_layout,
    digest_of,
    file_digest,
    write_blob,
    write_index,
)

from ..conftest import Once

MODEL = b"a graph of operators" * 1000
GOLDEN = {"tolerance": 1e-4, "inputs": [{"size": 1.0}], "outputs": [{"prediction": 2.0}]}
OUTS = ("dist/bento", "dist/modelcar", "dist/sbom.json", "dist/manifest.json")
PROJECT = {"name": "toy", "title": "Toy", "owner": "@ada", "registry": "local"}
PROJECT |= {"framework": "sklearn", "licence": "MIT"}

Make = Callable[..., None]


@pytest.fixture
def with_origin(folder: Path, once: Once) -> Path:
    """Return a project that has settings, a lock and a git remote, whose URL holds a login."""

    def make() -> None:
        settings = {"project": PROJECT | {"registry": "ghcr.io/team"}, "model": 1}
        Path("params.yaml").write_text(yaml.safe_dump(settings))
        Path("conf").mkdir()
        Path("requirements").mkdir()
        Path("requirements/sklearn.txt").write_text("numpy==2.3.0\n")
        git("init", "--quiet", "--template=")
        git("remote", "add", "origin", "https://ada:token@git.example.org/toy.git")

    once("with origin", make)
    return folder


@pytest.fixture
def make_package(folder: Path) -> Make:
    """Return what makes dist/ of a model, in a project without a key."""

    def make(model: bytes = MODEL, registry: str = "local") -> None:
        settings = {"project": PROJECT | {"registry": registry}, "seed": 42}
        Path("params.yaml").write_text(yaml.safe_dump(settings))
        write_package(model)
        record()

    return make


@pytest.fixture
def package(make_package: Make) -> Path:
    """Return dist/, not signed yet, in a project that has keys."""
    make_package()
    make_keys()
    return Path("dist")


def write_package(model: bytes) -> None:
    """Write what the package stage does."""
    dist = Path("dist")
    files = {
        "bento/bento.yaml": b"service: toy\n",
        "bento/.gitignore": b"*.pyc\n",
        "bento/src/__init__.py": b"",
        "bento/src/serving/service.py": b"import bentoml\n",
        "bento/src/model.onnx": model,
        "bento/src/golden.json": canonical(GOLDEN),
        "sbom.json": canonical({"bomFormat": "CycloneDX"}),
    }
    for name, content in files.items():
        (dist / name).parent.mkdir(parents=True, exist_ok=True)
        (dist / name).write_bytes(content)
    image = write_modelcar(dist / "modelcar", model)
    names = sorted(p.relative_to(dist).as_posix() for p in dist.rglob("*") if p.is_file())
    lines = [f"{sha256(path)}  {path}\n" for path in sorted((dist / "bento").rglob("*.*"))]
    digests = {"modelcar": image, "model": digest_of(model)}
    digests["bento"] = f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
    digests["sbom"] = file_digest(dist / "sbom.json")
    digests["dataset"], digests["parameters"] = digest_of(b"rows"), digest_of(b"settings")
    manifest = {"name": "toy", "version": image[7:19], "digests": digests}
    manifest["files"] = {name: file_digest(dist / name) for name in names if "manifest" not in name}
    write_json(dist / "manifest.json", manifest)


def write_modelcar(layout: Path, model: bytes) -> str:
    create_layout(layout)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("models/toy/1/model.onnx")
        member.size = len(model)
        tar.addfile(member, io.BytesIO(model))
    layer = write_blob(layout, archive.getvalue(), LAYER_TYPE)
    card = write_blob(layout, canonical({"card": "text"}), "text/markdown")
    config = write_blob(layout, canonical({"os": "linux"}), CONFIG_TYPE)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.to_json(),
        "layers": [layer.to_json(), card.to_json()],
    }
    image = write_blob(layout, canonical(manifest), MANIFEST_TYPE)
    write_index(layout, [image])
    return image.digest


def record() -> None:
    """Write dvc.lock for what lies in dist/."""
    outs = [{"path": path, "md5": content_md5(Path(path))} for path in OUTS]
    stages = {"package": {"cmd": "true", "outs": outs}}
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def files_below(folder: Path) -> dict[str, bytes]:
    """Read a folder's files."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
