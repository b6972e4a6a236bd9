"""What make's command line switches on: NAME=1."""

import os

from project.errors import UserError


def is_on(name: str) -> bool:
    """Tell whether NAME=1 was given; NAME=0 is off, as nothing is.

    Raises `UserError` for any other word: DIRECT=false is no yes.
    """
    given = os.environ.get(name, "").strip()
    if given not in ("", "0", "1"):
        raise UserError(f"{name}={given}: expected {name}=1, or nothing")
    return given == "1"
