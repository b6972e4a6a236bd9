"""Generate a project in demo/ and take it from data to a registered model: `make demo`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
DEMO = TEMPLATE / "demo"


def main() -> None:
    """Generate, set up and run, as a user would; a demo that is there already is replaced."""
    shutil.rmtree(DEMO, ignore_errors=True)
    generate = [sys.executable, "-m", "cookiecutter", "--no-input", str(TEMPLATE), *sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        # Elsewhere first: inside this repository a project would not become one of its own.
        run(Path.cwd(), *generate, "--output-dir", folder)
        shutil.move(folder, DEMO)
        Path(folder).mkdir()
    project = next(DEMO.iterdir())
    run(project, "make", "setup")
    run(project, "make", "repro")
    print(
        f"\nThe project is in {project.relative_to(Path.cwd())}: open reports/index.html there in "
        "a browser, and type make help."
    )


def run(folder: Path, *command: str) -> None:
    """Show a command and run it; end where it fails, its own words stand above."""
    shown = [Path(command[0]).name, *command[1:]]
    print(f"\n$ {' '.join(shown)}", flush=True)
    # A make of its own, not a part of this one.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=folder, env=environment)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
