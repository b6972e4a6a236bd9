"""Bring a package back by its digest, and verify it: `make pull DIGEST=sha256:…`.

Nothing that the registry says is trusted. The signature names each file of the package with its
digest; each is fetched and held against it, and the whole is verified before it gets its name.
"""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from delivery.contents import BLOBS, SIGNATURE_TYPE
from delivery.package import Package, files_of, read_package
from delivery.progress import transfer
from delivery.registry.choice import open_registry
from delivery.registry.interface import (
    Registry,
    Sent,
    blobs_of,
    fetch_blob,
    fetch_manifest,
    parse_manifest,
)
from delivery.signature import refuse_missing_key, signed_files
from delivery.verify import verify_package
from project.artefacts import MANIFEST, MODELCAR, PULLED, SIGNATURE
from project.errors import UserError, one_line
from project.files import read_json, replacing
from project.oci import Descriptor, blob_path, checked_digest, digest_of, file_digest

NOTHING = digest_of(b"")


def pull_package(registry: Registry, digest: str) -> Package:
    """Return a package from the registry, in build/pulled/, where it stays.

    A copy that is there already saves the way, not the question: the registry is asked each time.
    Raises `UserError` where it has no such package, or its signature or a file is not as it should.
    """
    folder = PULLED / checked_digest(digest).removeprefix("sha256:")
    refuse_missing_key()
    if _is_intact(folder, digest):
        if not registry.has_manifest(digest):
            raise UserError(
                f"{registry.where}: has no package {digest} any more, of which a copy is here; "
                f"to put it back, type: make push DIGEST={digest}"
            )
    else:
        with replacing(folder) as temporary:
            temporary.mkdir()
            _fetch(registry, digest, temporary)
    return read_package(folder)


def _is_intact(folder: Path, digest: str) -> bool:
    try:
        return verify_package(folder).digest == digest
    except UserError:
        return False


def _fetch(registry: Registry, digest: str, folder: Path) -> None:
    """Fill a folder with what a signature by our key names; the newest that does."""
    image = fetch_manifest(registry, digest)
    listed = [one for one in registry.referrers(digest) if one.artifact_type == SIGNATURE_TYPE]
    refusals = []
    for signature in reversed(listed):
        try:
            _fetch_signed(registry, image, signature, folder)
            if verify_package(folder).digest != digest:
                raise UserError(f"the signature is not of {digest}")
            return
        except UserError as error:
            why = str(error).replace(f"{folder}/", "")
            refusals.append(f"{registry.where}: {why.removeprefix(f'{registry.where}: ')}")
    raise UserError(refusals[0] if refusals else f"{registry.where}: {digest} is not signed")


def _fetch_signed(registry: Registry, image: bytes, signature: Descriptor, folder: Path) -> None:
    """Fetch what one signature names; what is there already from another one stays."""
    carrier = parse_manifest(fetch_manifest(registry, signature.digest), registry.where)
    for layer in blobs_of(carrier)[1:]:
        fetch_blob(registry, layer.digest, folder / SIGNATURE.name)
    signed = signed_files((folder / SIGNATURE.name).read_bytes())
    for name in set(files_of(folder)) - signed.keys():
        (folder / name).unlink()
    if digest_of(image) not in signed.values() or MANIFEST.name not in signed:
        raise UserError(f"the signature is not of {digest_of(image)}")
    fetch_blob(registry, signed[MANIFEST.name], folder / MANIFEST.name)
    model = _model_digest(folder / MANIFEST.name)
    in_layers = [name for name in signed if signed[name] == model and not name.startswith(BLOBS)]

    blobs = {blob.digest: blob.size for blob in blobs_of(parse_manifest(image, registry.where))}
    with transfer(f"from {registry.where}", sum(blobs.values())) as got:
        for name in signed.keys() - in_layers:
            counted = got if signed[name] in blobs else _uncounted
            _fetch_file(registry, image, signed[name], folder / name, counted)
    for name in in_layers:
        _put_back(folder / MODELCAR.name, blobs, model, folder / name)


def _fetch_file(registry: Registry, image: bytes, digest: str, target: Path, got: Sent) -> None:
    if target.is_file() and file_digest(target) == digest:
        return
    if digest in (NOTHING, digest_of(image)):
        with replacing(target) as temporary:
            temporary.write_bytes(b"" if digest == NOTHING else image)
    else:
        fetch_blob(registry, digest, target, got)


def _model_digest(manifest: Path) -> str:
    try:
        return str(read_json(manifest)["digests"]["model"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{manifest}: names no model") from None


def _put_back(layout: Path, blobs: Iterable[str], digest: str, target: Path) -> None:
    """Take a file out of the image's layers, found by its digest."""
    for layer in blobs:
        path = blob_path(layout, layer)
        if not tarfile.is_tarfile(path):
            continue
        with tarfile.open(path) as archive:
            for member in filter(tarfile.TarInfo.isfile, archive):
                if _digest_in(archive, member) == digest:
                    content = archive.extractfile(member)
                    assert content
                    with replacing(target) as temporary, temporary.open("wb") as file:
                        shutil.copyfileobj(content, file)
                    return
    raise UserError(f"{target}: no layer of the image holds the model {digest}")


def _digest_in(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member)
    assert content
    # Not hashlib.file_digest: the file within an archive has no descriptor of its own.
    hasher = hashlib.sha256()
    while chunk := content.read(2**20):
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


def _uncounted(_: int) -> None:
    """Small files are not what one waits for."""


def main() -> None:
    """Pull the package that DIGEST names, and say where it lies."""
    digest = os.environ.get("DIGEST", "")
    if not digest:
        raise UserError("DIGEST: which package? type: make pull DIGEST=sha256:…")
    registry = open_registry()
    package = pull_package(registry, digest)
    print(f"pulled {digest} from {registry.where}")
    print(f"{package.folder}/: verified")


if __name__ == "__main__":
    one_line(main)
