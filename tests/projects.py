"""Generated projects with a working environment: one install and one run, shared by all tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from tests.conftest import ROOT, commit_all, generate, run

#: Where the environment of generated projects is kept between runs of the tests.
CACHE = ROOT / "build" / "environments"

Make = Callable[..., subprocess.CompletedProcess[str]]


def link_environment(project: Path) -> None:
    """Give a project the environment with TensorFlow, built once for all of them.

    With framework=sklearn, `make setup` would take TensorFlow out again: call no make there.
    """
    lock = project / "requirements" / "keras.txt"
    shared = CACHE / sha256(lock.read_bytes()).hexdigest()[:16]
    shared.mkdir(parents=True, exist_ok=True)
    with FileLock(shared / "lock"):
        # Built where it stays: its scripts name the folder of their Python.
        script = project / "src/project/environment.py"
        built = run([sys.executable, str(script), "--lock", str(lock)], shared)
        assert built.returncode == 0, built.stdout + built.stderr
    if not (project / ".venv").exists():
        (project / ".venv").symlink_to(shared / ".venv")


def generate_with_environment(template: Path, out: Path, **answers: str) -> Path:
    """Generate a project for Keras, whose environment runs every model, ready to `make repro`."""
    project = generate(template, out, **{"framework": "keras", **answers})
    link_environment(project)
    return project


def train(template: Path, shared: Path, overrides: tuple[str, ...]) -> Path:
    """Return a project on which `make repro` has run with these overrides; run it once only."""
    name = "-".join(overrides).replace("/", "_") or "default"
    folder = shared / sha256(name.encode()).hexdigest()[:12]
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            project = generate_with_environment(template, folder)
            done = make(project, "repro", *overrides)
            assert done.returncode in (0, 2), done.stdout + done.stderr
            assert (project / "reports" / "index.html").exists(), done.stdout + done.stderr
            commit_all(project, "Train")
            (folder / "done").touch()
    return folder / "wine-model"


def make(
    project: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run make in a project as its user would: their shell has no environment of ours."""
    clean = {"VIRTUAL_ENV": "", "PYTHONPATH": "", "MAKEFLAGS": "", "MAKELEVEL": ""}
    return run(["make", *arguments], project, clean | (environment or {}))


def dvc(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dvc as a user with the project's environment on the path would."""
    path = f"{project / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return run(["dvc", *arguments], project, {"PATH": path, "VIRTUAL_ENV": "", "PYTHONPATH": ""})
