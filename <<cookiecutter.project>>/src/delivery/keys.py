"""Make the key pair that signs packages: `make keys`.

The private key stays on this machine (git ignores it, and only its owner may read it); the public
one is committed, so that whoever has the project can verify what was signed.
"""

import os
from typing import TYPE_CHECKING

from project.artefacts import PRIVATE_KEY, PUBLIC_KEY
from project.errors import UserError, one_line
from project.files import replacing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


def make_keys() -> None:
    """Make an EC P-256 key pair, as model-signing takes; `UserError` where there is one already."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    for path in (PRIVATE_KEY, PUBLIC_KEY):
        if path.exists():
            raise UserError(
                f"{path}: there is a key already, and what it signed is verified by it; "
                f"for another pair, move {PRIVATE_KEY.parent}/ away first"
            )
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    PRIVATE_KEY.parent.mkdir(exist_ok=True)
    # The public one first: were this killed in between, there is no private key to lose.
    with replacing(PUBLIC_KEY) as temporary:
        temporary.write_bytes(public_pem(key))
    write_private(private)


def refuse_unlike_keys() -> None:
    """Raise `UserError` where the private key is missing, or the public one is not its own."""
    if not PRIVATE_KEY.exists():
        mend = "sign where it is" if PUBLIC_KEY.exists() else "type: make keys"
        raise UserError(f"{PRIVATE_KEY}: no such file, so nothing can be signed here; {mend}")
    if not PUBLIC_KEY.exists() or PUBLIC_KEY.read_bytes() != public_pem(_read_private()):
        raise UserError(
            f"{PUBLIC_KEY}: not the public key of {PRIVATE_KEY}; restore it from git, "
            f"or move {PRIVATE_KEY.parent}/ away and type: make keys"
        )


def public_pem(key: "EllipticCurvePrivateKey") -> bytes:
    """Return the public key of a private one as PEM."""
    from cryptography.hazmat.primitives import serialization

    pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(pem, form))


def _read_private() -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_pem_private_key(PRIVATE_KEY.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise UserError(f"{PRIVATE_KEY}: not a private key without a password: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UserError(f"{PRIVATE_KEY}: expected a private key on an elliptic curve")
    return key


def write_private(content: bytes) -> None:
    """Write keys/signing.key, for its owner alone."""
    with replacing(PRIVATE_KEY) as temporary:
        # Never readable by others, not even before a chmod.
        only_owner = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(only_owner, "wb") as file:
            file.write(content)


def main() -> None:
    """Make the keys, and say which one to commit."""
    make_keys()
    print(f"{PRIVATE_KEY} signs: keep it, and keep it to yourself")
    print(f"{PUBLIC_KEY} verifies: git add {PUBLIC_KEY} && git commit")


if __name__ == "__main__":
    one_line(main)
