"""Generate a project in demo/ and take it from data to a registered model: `make demo`."""

import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
DEMO = TEMPLATE / "demo"


def main() -> None:
    """Generate, set up and run, as a user would; a demo that is there already is replaced."""
    shutil.rmtree(DEMO, ignore_errors=True)
    run(
        Path.cwd(),
        *(sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(DEMO)),
        *(str(TEMPLATE), *sys.argv[1:]),
    )
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
    done = subprocess.run(command, cwd=folder)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
