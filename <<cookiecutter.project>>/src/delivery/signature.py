"""The signature over a package: a Sigstore bundle that model-signing makes with a local key.

It names every other file of the package with its digest, so what it names is also what `make pull`
fetches.
"""

import base64
import json
from pathlib import Path, PurePosixPath
from typing import Any

from delivery.package import files_of
from project.artefacts import PUBLIC_KEY, SIGNATURE
from project.errors import UserError
from project.files import replacing
from project.oci import checked_digest, file_digest


def sign(folder: Path, private_key: Path) -> None:
    """Write a package's signature.json over all its other files."""
    from model_signing import signing

    config = signing.Config().use_elliptic_key_signer(private_key=private_key)
    config.set_hashing_config(_hashing())
    with replacing(folder / SIGNATURE.name) as temporary:
        try:
            config.sign(folder, temporary)
        except ValueError as error:  # a link, a socket: DVC's cache.type makes links
            raise UserError(f"{folder}: cannot be signed: {error}") from None


def verify(folder: Path, public_key: Path = PUBLIC_KEY) -> None:
    """Raise `UserError` that names the file which is not as it was signed, or the signature."""
    from cryptography.exceptions import InvalidSignature
    from model_signing import verifying

    path = folder / SIGNATURE.name
    refuse_missing_key(public_key)
    try:
        signed = signed_files(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, so the package is not signed") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
        config.set_hashing_config(_hashing()).verify(folder, path)
    except InvalidSignature:
        raise UserError(f"{path}: was changed after it was made") from None
    except (ValueError, KeyError, TypeError) as error:
        if "Key mismatch" in str(error):
            raise UserError(f"{path}: was made with another key than {public_key}") from None
        raise UserError(_difference(folder, signed) or f"{path}: {error}") from None


def signed_files(signature: bytes) -> dict[str, str]:
    """Return the digest of each file that a signature names; whose signature it is, is not asked.

    Raises `UserError` where it is none, or a name leads out of the package's folder.
    """
    try:
        payload = json.loads(base64.b64decode(json.loads(signature)["dsseEnvelope"]["payload"]))
        listed = payload["predicate"]["resources"]
        return {_inside(entry["name"]): _sha256(entry) for entry in listed}
    except (ValueError, KeyError, TypeError):
        raise UserError("not a signature by model-signing") from None


def refuse_missing_key(public_key: Path = PUBLIC_KEY) -> None:
    """Raise `UserError` where there is no public key to verify with."""
    if not public_key.exists():
        raise UserError(f"{public_key}: no such file, so nothing can be verified; type: make keys")


def _hashing() -> Any:
    """Leave out the signature itself and nothing else: by default git's files go unseen."""
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[SIGNATURE.name], ignore_git_paths=False)


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or "\0" in name:
        raise UserError(f"names a file outside of the package: {name!r}")
    return name


def _sha256(entry: dict[str, str]) -> str:
    return checked_digest(f"{entry['algorithm']}:{entry['digest']}")


def _difference(folder: Path, signed: dict[str, str]) -> str | None:
    """Say which file is not as signed: model-signing finds that one is, in words for its log."""
    found = files_of(folder)
    for name in sorted(signed.keys() - set(found)):
        return f"{folder / name}: is missing, and the signature names it"
    for name in found:
        path = folder / name
        if name not in signed:
            return f"{path}: was added after the package was signed"
        if path.is_symlink():
            return f"{path}: is a link, and was signed as a file"
        if file_digest(path) != signed[name]:
            return f"{path}: was changed after the package was signed"
    return None
