"""Say where the package comes from, and sign it: `make sign`.

Outside the DAG: a signature is other bytes each time, and needs a secret.
"""

from delivery.keys import refuse_unlike_keys
from delivery.package import Package, read_package
from delivery.provenance import could_name_its_commit, statement
from delivery.recorded import refuse_outdated, refuse_unrecorded
from delivery.signature import sign
from delivery.verify import verify_package
from project.artefacts import PACKAGE, PRIVATE_KEY, PROVENANCE, SIGNATURE
from project.errors import UserError, one_line
from project.files import write_json
from project.git import head_commit, is_vague


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
    """Return the package, signed anew where it is not, or where its commit can be named now.

    Raises `UserError` where it is not of the last run, or that run's model was refused.
    """
    read_package()
    refuse_outdated()
    try:
        package = verify_package()
    except UserError:
        return sign_package()
    return sign_package() if could_name_its_commit(package) else package


def main() -> None:
    """Sign, and say what."""
    package = sign_package()
    print(f"signed {package.digest} ({SIGNATURE})")
    if is_vague(head_commit()):
        print(f"{PROVENANCE} says that not everything is committed; commit, and sign again")


if __name__ == "__main__":
    one_line(main)
