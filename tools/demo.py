"""Generate a project in demo/ and take it from data to a registered model: `make demo`."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
DEMO = TEMPLATE / "demo"


def main() -> None:
    """Generate, set up and run, as a user would; a demo that is there already is replaced."""
    shutil.rmtree(DEMO, ignore_errors=True)
    generate(sys.argv[1:])
    project = next(DEMO.iterdir())
    run(project, "make", "setup")
    run(project, "make", "repro")
    print(
        f"\nThe project is in {project.relative_to(Path.cwd())}: open reports/index.html there in "
        "a browser, and type make help."
    )


def generate(answers: list[str]) -> None:
    """Generate elsewhere first: inside this repository a project would not become one of its own.

    So what the last hook says to type next would name a folder that is gone; the demo does it here.
    """
    words = ["cookiecutter", "--no-input", str(TEMPLATE), *answers]
    show(words)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", *words, "--output-dir", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(done.stdout.partition("\nNext:")[0].strip(), flush=True)
        if done.returncode:
            sys.exit(done.returncode)
        shutil.move(folder, DEMO)
        Path(folder).mkdir()


def show(words: Sequence[str]) -> None:
    """Print a command as a user would type it."""
    print(f"\n$ {' '.join(words)}", flush=True)


def run(folder: Path, *command: str) -> None:
    """Show a command and run it; end where it fails, its own words stand above."""
    show(command)
    # A make of its own, not a part of this one.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=folder, env=environment)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
