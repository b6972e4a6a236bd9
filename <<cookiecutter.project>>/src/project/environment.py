"""Build .venv from the hashed lock of the project's framework, or mend it: `make setup`.

With an argument, `keras` or `sklearn`, that becomes the project's framework first. Runs before there is an environment, on the machine's own Python, with the standard library only.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
INSTALLED = VENV / "installed.txt"  # the lock that the environment was made from
IDENTITY = Path("conf/project.yaml")
FRAMEWORK = re.compile(r"""^framework: *["']?(keras|sklearn)["']?\s*(?:#.*)?$""", re.MULTILINE)
OLDEST, NEWEST = (3, 11), (3, 13)


def main() -> None:
    """Do nothing when .venv holds what the lock says, else make it so."""
    for name in sys.argv[1:]:
        choose(name)
    lock = Path("requirements") / f"{framework()}.txt"
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
    uv = find_uv()
    print(f"setup: installing {lock} into .venv")
    run([*uv, *"pip sync --compile-bytecode --require-hashes --python".split(), PYTHON, lock])
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


def find_uv() -> list[str | Path]:
    """Make the virtual environment and return a uv: the machine's, or one installed into it."""
    uv = shutil.which("uv")
    if not works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), VENV])
    if uv:
        return [uv]
    if not (VENV / "bin" / "uv").exists():
        pinned = re.search(r"^uv==\S+ \\\n(?: +--hash=\S+(?: \\)?\n)+", lock_text(), re.MULTILINE)
        assert pinned, "the lock holds uv"
        requirement = VENV / "uv.txt"
        requirement.write_text(pinned.group())
        run([PYTHON, *"-m pip install --quiet --require-hashes -r".split(), requirement])
    return [VENV / "bin" / "uv"]


def lock_text() -> str:
    """Read the lock of the project's framework."""
    return (Path("requirements") / f"{framework()}.txt").read_text(encoding="utf-8")


def works(python: Path) -> bool:
    """Tell whether this interpreter starts: an upgrade of the system's may have broken it."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: list[str | Path]) -> None:
    """Run a command; on failure end with one line, the command's own words stand above it."""
    if subprocess.run(command).returncode:
        sys.exit(f"error: setup failed at: {' '.join(map(str, command))}")


if __name__ == "__main__":
    main()
