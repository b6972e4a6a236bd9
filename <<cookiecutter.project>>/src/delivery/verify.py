"""Is the package what was signed, and does it say where it comes from? `make verify-package`."""

from pathlib import Path

from delivery.package import Package, read_package
from delivery.provenance import refuse_other_package
from delivery.signature import signed_files, verify
from project.artefacts import MANIFEST, PACKAGE, PROVENANCE, PUBLIC_KEY, SBOM, SIGNATURE
from project.errors import UserError, one_line
from project.oci import file_digest
from project.overrides import repro_command


def verify_package(folder: Path = PACKAGE) -> Package:
    """Return a package that holds all it should, each file as it was signed.

    Raises `UserError` that names the file which is changed, added or missing, or was signed with
    another key, or is about another package.
    """
    package = read_package(folder)
    for path, why in (
        (folder / SIGNATURE.name, "so the package is not signed; type: make sign"),
        (folder / PROVENANCE.name, "so nobody says where this comes from; type: make sign"),
        (folder / SBOM.name, f"so nobody says what is in this; type: {repro_command()}"),
    ):
        if not path.exists():
            raise UserError(f"{path}: no such file, {why}")
    try:
        verify(folder)
    except UserError:
        if _is_newer(package):
            raise UserError(
                f"{folder}/: is newer than its signature, which is of another run; type: make sign"
            ) from None
        raise
    refuse_other_package(package)
    return package


def _is_newer(package: Package) -> bool:
    """Tell whether a package that is whole lies under the signature of another one."""
    try:
        signed = signed_files((package.folder / SIGNATURE.name).read_bytes())
    except UserError:
        return False
    path = package.folder / MANIFEST.name
    if signed.get(MANIFEST.name) in (None, file_digest(path)):
        return False
    files = {package.folder / name: digest for name, digest in package.files.items()}
    return all(path.is_file() and file_digest(path) == files[path] for path in files)


def main() -> None:
    """Verify dist/, and say what was verified."""
    package = verify_package()
    files = len(signed_files((package.folder / SIGNATURE.name).read_bytes()))
    print(f"{PACKAGE}/: {files} files, each as signed with the key of {PUBLIC_KEY}")
    print(package.digest)


if __name__ == "__main__":
    one_line(main)
