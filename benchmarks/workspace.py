"""The template as a user gets it, and projects made from it."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.measure import ENVIRONMENT, Command, run
from tests.conftest import copy_template
from tests.projects import generate_with_environment

#: What a run leaves in a project.
LEFT = ("build", "data", "dist", "models", "reports", "dvc.lock", ".dvc/cache", ".dvc/tmp")


def template(work: Path) -> Path:
    """Return the template as a clean repository: what git keeps, and nothing else."""
    folder = work / "slipway"
    return folder if folder.exists() else copy_template(folder)


def project(work: Path, name: str, *overrides: str) -> Path:
    """Generate a project with the shared environment, its params.yaml composed with overrides."""
    folder = generate_with_environment(template(work), work / name)
    # As make setup does, which a linked environment spares.
    run(Command(("bin/python", "-m", "compileall", "-q", "src"), folder))
    compose(folder, *overrides)
    return folder


def compose(folder: Path, *overrides: str) -> None:
    """Write params.yaml from conf/ with Hydra's overrides, as `make repro` does."""
    python = ["bin/python", "-m", "project.params", *overrides]
    subprocess.run(python, cwd=folder, env=ENVIRONMENT, check=True)


def clean(folder: Path) -> None:
    """Take away what runs have left: the next one starts from nothing."""
    for name in LEFT:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def repro(folder: Path, from_scratch: bool = False) -> Command:
    """Return `dvc repro` in a project."""
    before = (lambda: clean(folder)) if from_scratch else (lambda: None)
    return Command((*dvc(folder), "repro"), folder, before)


def dvc(folder: Path) -> tuple[str, ...]:
    """Return the project's own dvc; not its script, which holds where .venv was built."""
    return (str(folder / ".venv" / "bin" / "python"), "-m", "dvc")
