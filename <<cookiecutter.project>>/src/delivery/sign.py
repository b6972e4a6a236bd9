"""Say where the package comes from, and sign it: `make sign`.

Outside the DAG: a signature is other bytes each time, and needs a secret.
"""

from delivery.keys import refuse_unlike_keys
from delivery.package import SIGNED_LATER, Package, files_of, read_package
from delivery.provenance import could_name_its_commit, statement
from delivery.signature import sign
from delivery.verify import verify_package
from project.artefacts import DVC_LOCK, MANIFEST, PACKAGE, PRIVATE_KEY, PROVENANCE, SIGNATURE
from project.dvc_lock import read_lock, refuse_stale
from project.errors import UserError, one_line
from project.files import write_json
from project.git import head_commit, is_vague
from project.overrides import repro_command


def sign_package() -> Package:
    """Write dist/provenance.json and dist/signature.json; return the package.

    Raises `UserError` where there is no key, or dist/ is not what dvc.lock records.
    """
    refuse_unlike_keys()
    package = read_package()
    refuse_unrecorded(package)
    write_json(PROVENANCE, statement(package))
    sign(PACKAGE, PRIVATE_KEY)
    return package


def signed_package() -> Package:
    """Return the package, signed anew where it is not, or where its commit can be named now."""
    try:
        package = verify_package()
    except UserError:
        return sign_package()
    return sign_package() if could_name_its_commit(package) else package


def refuse_unrecorded(package: Package) -> None:
    """Raise `UserError` where the package is not just what the stages in dvc.lock have made."""
    if not DVC_LOCK.exists():
        raise UserError(f"{DVC_LOCK}: no such file, nothing has been run; type: {repro_command()}")
    stages = read_lock(DVC_LOCK.read_text(encoding="utf-8"))
    if "package" not in stages:
        raise UserError(f"{DVC_LOCK}: no package has been made; type: {repro_command()}")
    refuse_stale(stages)
    ours = {*package.files, *SIGNED_LATER, MANIFEST.name}
    for name in files_of(package.folder):
        path = package.folder / name
        if name not in ours:
            raise UserError(f"{path}: not of the package; take it away")
        if path.is_symlink():
            raise UserError(
                f"{path}: a link into DVC's cache, which is not what can be signed; "
                "type: dvc config cache.type reflink,copy && dvc checkout --relink"
            )


def main() -> None:
    """Sign, and say what."""
    package = sign_package()
    print(f"signed {package.digest} ({SIGNATURE})")
    if is_vague(head_commit()):
        print(f"{PROVENANCE} says that not everything is committed; commit, and sign again")


if __name__ == "__main__":
    one_line(main)
