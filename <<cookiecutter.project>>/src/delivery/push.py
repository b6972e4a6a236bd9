"""Send the package to the project's registry: `make push`; with DIGEST=… one that was pulled.

Blobs go before the manifests that list them, and the tag goes last. So a push that was cut short
has tagged nothing, and the next one sends what is missing.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from delivery import asked
from delivery.contents import contents_of
from delivery.package import Package
from delivery.progress import transfer
from delivery.registry.choice import open_registry
from delivery.registry.interface import Registry, blobs_of, parse_manifest
from delivery.sign import signed_package
from delivery.verify import verify_package
from project.artefacts import PULLED
from project.errors import UserError, one_line
from project.oci import EMPTY, checked_digest, digest_of


@dataclass(frozen=True)
class Pushed:
    """Where a package is now, and how much had to be sent for it."""

    where: str
    tag: str
    digest: str
    blobs: int
    size: int


def push_package(registry: Registry, package: Package, tagged: bool = True) -> Pushed:
    """Send what the registry has not got yet of a signed package, and tag its image.

    tagged: False leaves the tag to `tag_package`, for a package that may still be refused.
    """
    contents = contents_of(package)
    tag = package.manifest["version"]
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "empty.json")
        empty.write_bytes(EMPTY)
        blobs = contents.blobs | {digest_of(EMPTY): empty}
        listed = {entry.digest for entry in registry.referrers(package.digest)}
        attached = [one for one in contents.attached if digest_of(one) not in listed]
        has_image = registry.has_manifest(package.digest)
        manifests = attached if has_image else [contents.image, *attached]
        sent = _send_blobs(registry, manifests, blobs)
    if not has_image:
        registry.send_manifest(contents.image)
    registry.attach(package.digest, attached)
    if tagged:
        tag_package(registry, package)
    return Pushed(registry.where, tag, package.digest, len(sent), sum(sent))


def tag_package(registry: Registry, package: Package) -> None:
    """Let the package's tag point to it, in a registry that has it."""
    tag = package.manifest["version"]
    if registry.resolve(tag) != package.digest:
        registry.send_manifest(contents_of(package).image, tag)


def _send_blobs(
    registry: Registry, manifests: Iterable[bytes], files: dict[str, Path]
) -> list[int]:
    """Send the blobs of manifests that the registry has not got; return their sizes."""
    listed = (
        blob.digest
        for manifest in manifests
        for blob in blobs_of(parse_manifest(manifest, registry.where))
    )
    missing = [digest for digest in dict.fromkeys(listed) if not registry.has_blob(digest)]
    sizes = [files[digest].stat().st_size for digest in missing]
    with transfer(f"to {registry.where}", sum(sizes)) as sent:
        for digest in missing:
            registry.send_blob(digest, files[digest], sent)
    return sizes


def copied_package(digest: str) -> Package:
    """Return the copy of a package in build/pulled/, verified, for a registry that has lost it."""
    folder = PULLED / checked_digest(digest).removeprefix("sha256:")
    if not folder.exists():
        raise UserError(f"DIGEST={digest}: no copy of it is here, in {PULLED}/")
    return verify_package(folder)


def main() -> None:
    """Push dist/, signed, or the copy that DIGEST names, and say what it is called there."""
    digest = asked.given("DIGEST")
    pushed = push_package(open_registry(), copied_package(digest) if digest else signed_package())
    amount = f"{pushed.blobs} blobs, {pushed.size:,} bytes" if pushed.blobs else "all was there"
    print(f"pushed {pushed.where}:{pushed.tag} ({amount})")
    print(f"make pull DIGEST={pushed.digest}")


if __name__ == "__main__":
    one_line(main)
