"""The steps of a template that moves on and a project that follows."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from .conftest import PROJECT, commit_all, git, run

CONFIG = "conf/config.yaml"


def move_on(template: Path) -> str:
    """Change, add and remove a file in the template; return the commit."""
    folder = template / PROJECT
    (folder / CONFIG).write_text("# Newer.\n" + (folder / CONFIG).read_text())
    (folder / "new.sh").write_text("#!/bin/sh\n")
    (folder / "new.sh").chmod(0o755)
    (folder / "new").mkdir()
    (folder / "new" / "file.txt").write_text("new\n")
    (folder / "LICENSE").unlink()
    return commit_all(template, "Newer")


def update(project: Path, **given: str) -> CompletedProcess[str]:
    """Update as `make template-update` does, in the tests' own environment."""
    command = [sys.executable, "-m", "project.update"]
    return run(command, project, {"PYTHONPATH": "src"} | given)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def record(project: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((project / ".cookiecutter.json").read_text())
    return loaded


def pack(template: Path, archive: Path) -> Path:
    git(template, "archive", "--prefix=slipway/", f"--output={archive}", "HEAD")
    return archive
