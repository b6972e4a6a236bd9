"""Put the private key where `make sign` looks: `make signing-key`, from SIGNING_KEY.

For machines that are thrown away. The key comes by a variable, never by a command line, which other
processes can read.
"""

import os

from delivery.keys import refuse_unlike_keys, write_private
from project.artefacts import PRIVATE_KEY
from project.errors import UserError, one_line


def main() -> None:
    """Write the key, readable by its owner alone, and see that the public one is its own."""
    text = os.environ.get("SIGNING_KEY", "")
    if PRIVATE_KEY.exists():
        raise UserError(f"{PRIVATE_KEY}: there is a key already")
    if not text.strip():
        raise UserError(
            "SIGNING_KEY: holds no key; where the key lies, type: "
            f"gh secret set SIGNING_KEY < {PRIVATE_KEY}"
        )
    write_private(f"{text.strip()}\n".encode())
    try:
        refuse_unlike_keys()
    except UserError:
        PRIVATE_KEY.unlink()
        raise
    print(f"{PRIVATE_KEY} is there, for this machine's time")


if __name__ == "__main__":
    one_line(main)
