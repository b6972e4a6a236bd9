"""The tools that check the project, in a folder of their own.

They are no part of .venv: `make security` is run by CI and now and then by hand, and what trains
or serves should hold nothing that it does not need.
"""

import subprocess
import sys
from pathlib import Path

from project.artefacts import CHECKS_LOCK
from project.errors import UserError
from project.files import replacing, sha256

INSTALLED = Path("build/checks")
DONE = "installed"


def tool(name: str) -> str:
    """Return the path of a tool of requirements/checks.txt, installed where it is not yet."""
    folder = (INSTALLED / sha256(CHECKS_LOCK)[:12]).resolve()
    if not (folder / DONE).exists():
        _install(folder)
    return str(folder / "bin" / name)


def run(name: str, *arguments: str) -> None:
    """Run a tool, whose words are for the reader; end this process as it ended."""
    code = subprocess.run([tool(name), *arguments]).returncode
    if code:
        sys.exit(code)


def _install(folder: Path) -> None:
    print(f"installing {CHECKS_LOCK} into {INSTALLED}", file=sys.stderr, flush=True)
    uv = [sys.executable, "-m", "uv"]
    # Its scripts name the folder, so it is made where it stays; the last file says it is whole.
    commands = (
        [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [*uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(folder / "bin/python")],
    )
    commands[1].append(str(CHECKS_LOCK))
    for command in commands:
        if subprocess.run(command).returncode:
            raise UserError(f"{CHECKS_LOCK}: not installed, as stands above")
    with replacing(folder / DONE) as temporary:
        temporary.touch()
