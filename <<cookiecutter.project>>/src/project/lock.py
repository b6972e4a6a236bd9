"""Resolve requirements/*.in into hashed locks, alike on every platform: `make lock`."""

import os
import subprocess
import sys

from project.errors import UserError, one_line

COMPILE = "pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes"


def lock() -> None:
    """Write keras.txt, then sklearn.txt with the same versions; `UserError` where none fit."""
    for framework, constraints in (("keras", []), ("sklearn", ["-c", "requirements/keras.txt"])):
        command = [
            *(sys.executable, "-m", "uv"),
            *COMPILE.split(),
            *constraints,
            *(f"requirements/{framework}.in", "-o", f"requirements/{framework}.txt"),
        ]
        # The header of a lock says how to make it again, not where it was made.
        environment = os.environ | {"UV_CUSTOM_COMPILE_COMMAND": "make lock"}
        if subprocess.run(command, env=environment).returncode:
            raise UserError(f"requirements/{framework}.in cannot be resolved; uv says why above")


if __name__ == "__main__":
    one_line(lock)
