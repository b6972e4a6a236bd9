"""The package in dist/ as the stage of that name made it: what it is called, what is in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.registry.interface import checked_tag
from project.artefacts import MANIFEST, MODELCAR, PACKAGE, PROVENANCE, SIGNATURE
from project.errors import UserError
from project.files import read_json
from project.oci import Descriptor, checked_digest, only_manifest
from project.overrides import repro_command

MODELCAR_FOLDER = MODELCAR.name
#: What is added to a package after the stage that made it.
SIGNED_LATER = (PROVENANCE.name, SIGNATURE.name)
#: Of the digests in manifest.json, those of what came out; the others went in.
OUTPUTS = ("modelcar", "bento", "sbom", "model")


@dataclass(frozen=True)
class Package:
    """A package in a folder of dist/'s layout; its ModelCar's digest names it."""

    folder: Path
    manifest: dict[str, Any]
    image: Descriptor

    @property
    def digest(self) -> str:
        """The ModelCar's digest: the package's name everywhere."""
        return self.image.digest

    @property
    def digests(self) -> dict[str, str]:
        """What the package consists of and came from, each by its digest."""
        return dict(self.manifest["digests"])

    @property
    def files(self) -> dict[str, str]:
        """The digest of each file that the stage made, by its path."""
        return dict(self.manifest["files"])


def read_package(folder: Path = PACKAGE) -> Package:
    """Read what a package says of itself; `UserError` where it is missing or contradicts itself."""
    path = folder / MANIFEST.name
    if not path.exists():
        raise UserError(f"{path}: no such file, so there is no package; type: {repro_command()}")
    try:
        manifest = read_json(path)
        named = {name: checked_digest(manifest["digests"][name]) for name in OUTPUTS}
        for digest in [*manifest["digests"].values(), *manifest["files"].values()]:
            checked_digest(digest)
        checked_tag(manifest["version"])
    except (ValueError, KeyError, TypeError, AttributeError, UserError):
        raise UserError(f"{path}: not what the package stage writes") from None
    image = only_manifest(folder / MODELCAR_FOLDER)
    if image.digest != named["modelcar"]:
        raise UserError(f"{path}: names {named['modelcar']}, but the image is {image.digest}")
    return Package(folder, manifest, image)


def files_of(folder: Path) -> list[str]:
    """List the files below a package's folder, but for the signature, as signatures name them."""
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    names = sorted(path.relative_to(folder).as_posix() for path in found)
    return [name for name in names if name != SIGNATURE.name]
