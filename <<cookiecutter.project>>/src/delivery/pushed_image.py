"""The service's image as the registry has it, which `make image PUSH=1` writes down."""

import json

from delivery.package import Package
from project.artefacts import IMAGE
from project.errors import UserError
from project.files import read_json
from project.oci import checked_digest


def image_digest(package: Package, repository: str) -> str:
    """Return the digest of the package's image in a repository, without scheme; empty if unknown.

    Unknown is also an image of another package, or one that was pushed to another repository.
    """
    try:
        found = read_json(IMAGE)
        known = (found["package"], found["repository"])
        digest = checked_digest(found["digest"])
    except FileNotFoundError:
        return ""
    except (json.JSONDecodeError, KeyError, TypeError, UserError):
        raise UserError(f"{IMAGE}: not what make image writes; type: make image PUSH=1") from None
    return digest if known == (package.digest, repository) else ""
