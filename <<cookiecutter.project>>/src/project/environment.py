"""Build .venv from a hashed lock, or mend it: `make setup`.

The lock is that of the project's framework, or the file that `--lock` names; `--framework` changes
the framework first. Runs before there is an environment: on the machine's own Python, with the
standard library only; one that is too old must be able to read this to say so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed.txt"  # the lock that the environment was made from
IDENTITY = Path("conf/project.yaml")
FRAMEWORK = re.compile(r"""^framework: *["']?(keras|sklearn)["']?\s*(?:#.*)?$""", re.MULTILINE)
OLDEST, NEWEST = (3, 11), (3, 13)


def main() -> None:
    """Do nothing when .venv holds what the lock says, else make it so."""
    parser = argparse.ArgumentParser(description="Build .venv from a hashed lock, or mend it.")
    parser.add_argument("--framework", choices=("keras", "sklearn"))
    parser.add_argument("--lock", type=Path)
    options = parser.parse_args()
    if options.framework:
        choose(options.framework)
    lock = options.lock or Path("requirements") / f"{framework()}.txt"
    wanted = lock.read_bytes()
    if PYTHON.exists() and INSTALLED.exists() and INSTALLED.read_bytes() == wanted:
        return
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"error: this is Python {found}, the lock is for 3.11 to 3.13; "
            "type: make setup PYTHON=python3.12"
        )
    INSTALLED.unlink(missing_ok=True)  # a killed install must not pass for a finished one
    print(f"setup: installing {lock} into .venv, which may take minutes", flush=True)
    uv = find_uv(lock)
    # On a terminal uv shows its progress; in a log its list of 200 packages tells nothing.
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    flags = ["--compile-bytecode", "--require-hashes", *quiet]
    run([uv, "pip", "sync", *flags, "--python", PYTHON, lock])
    if Path("src").is_dir():
        run([PYTHON, "-m", "compileall", "-q", "src"])
    temporary = INSTALLED.with_suffix(".tmp")
    temporary.write_bytes(wanted)
    temporary.replace(INSTALLED)


def framework() -> str:
    """Read the framework from conf/project.yaml, whose lines are `key: value`."""
    found = FRAMEWORK.search(IDENTITY.read_text(encoding="utf-8"))
    if not found:
        sys.exit("error: conf/project.yaml: framework: expected keras or sklearn")
    return found.group(1)


def choose(name: str) -> None:
    """Write the framework into conf/project.yaml."""
    temporary = IDENTITY.with_suffix(".tmp")
    text = FRAMEWORK.sub(f"framework: {name}", IDENTITY.read_text(encoding="utf-8"))
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(IDENTITY)


def find_uv(lock: Path) -> str | Path:
    """Make the virtual environment and return a uv: the machine's, or one installed into it."""
    uv = shutil.which("uv")
    if not works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), VENV])
    if uv:
        return uv
    own = VENV / "bin" / "uv"
    if not own.exists():
        requirement = VENV / "uv.txt"
        requirement.write_text(pinned_uv(lock))
        pip = ["-m", "pip", "install", "--quiet", "--require-hashes"]
        run([PYTHON, *pip, "-r", requirement])
    return own


def pinned_uv(lock: Path) -> str:
    """Return uv's line with its hashes: the lock's own, or, as serving needs no uv, another's."""
    line = re.compile(r"^uv==\S+ \\\n(?: +--hash=\S+(?: \\)?\n)+", re.MULTILINE)
    for path in (lock, *sorted(lock.parent.glob("*.txt"))):
        if pinned := line.search(path.read_text(encoding="utf-8")):
            return pinned.group()
    sys.exit(f"error: {lock}: neither it nor a lock beside it has a line uv==…; type: make lock")


def works(python: Path) -> bool:
    """Tell whether this interpreter starts: an upgrade of the system's may have broken it."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: Sequence[str | Path]) -> None:
    """Run a command; on failure end with one line, the command's own words stand above it."""
    if subprocess.run(command).returncode:
        sys.exit(f"error: setup failed at: {' '.join(map(str, command))}")


if __name__ == "__main__":
    main()
