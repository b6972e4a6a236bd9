"""All stages in a minute, to see that they work: `make debug`.

It is `make repro experiment=debug` upon the experiment that conf/config.yaml names, whose data and
model are what is to be tried: with all edits, but in a clone in build/debug/, and nothing is
registered. So whatever comes of it, the project's own files and versions stay as they are.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from project.artefacts import CONF, EVALUATION, PAGE
from project.clean_clone import CleanClone
from project.composing import compose
from project.errors import UserError, one_line
from project.files import read_json, write_json
from project.git import git
from project.loading import read_yaml
from project.repro import repro
from project.snapshot import commit, tree

DEBUG = "debug"
FOLDER = Path("build/debug")
RECORD = Path("build/debug.json")  # which files the last run was of
CLONED = "--cloned"


def overrides(conf: Path = CONF) -> list[str]:
    """Return the override that adds the experiment `debug` to those that conf/config.yaml names."""
    defaults = read_yaml((conf / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    chosen = next((entry["experiment"] for entry in defaults if "experiment" in entry), None)
    named = chosen if isinstance(chosen, list) else [chosen]
    return [f"experiment=[{','.join([*filter(None, named), DEBUG])}]"]


def lay_out(of: str, folder: Path) -> Path:
    """Clone a commit anew, with our environment and DVC's cache; return the project's folder."""
    for left in (folder, folder.with_name(f"{folder.name}.tmp")):
        shutil.rmtree(left, ignore_errors=True)
    cache = Path(".dvc/cache").resolve()
    project = CleanClone(folder.name, of, folder, cache=str(cache)).project
    (project / EVALUATION).unlink(missing_ok=True)  # what an earlier run left is no result of this
    return project


def run(project: Path, *data: Path, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the stages in a clone; data: where its data may be taken from."""
    words = [CLONED, *(str(path.resolve()) for path in data)]
    # An older commit registers what it makes: in a store that goes with its clone.
    own = {"MAKEFLAGS": "", "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
    command = ["bin/python", "-m", "project.debug", *words]
    return subprocess.run(command, cwd=project, env=os.environ | own, text=True, **options)


def last() -> Path:
    """Return the folder of the last run; `UserError` where it was not of the files here."""
    project = FOLDER / git("rev-parse", "--show-prefix")
    if not RECORD.exists() or not (project / EVALUATION).exists():
        raise UserError(f"{FOLDER}: nothing was run there; type: make debug")
    if read_json(RECORD)["tree"] != tree():
        raise UserError(f"{FOLDER}: the last make debug was of other files; type: make debug")
    return project


def bring_data(source: dict[str, Any], folders: list[Path]) -> None:
    """Have the user's file in a clone: from a folder, else as DVC tracks it."""
    path = Path(source["path"])
    if source["kind"] != "file" or path.is_absolute() or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        if (folder / path).is_file():
            shutil.copyfile(folder / path, path)
            return
    if Path(f"{path}.dvc").exists():
        command = [sys.executable, "-m", "dvc", "pull", "--quiet", f"{path}.dvc"]
        subprocess.run(command, stderr=subprocess.DEVNULL)  # without it the first stage complains


def main() -> None:
    """Run the stages on a sample, and sum up; within the clone, by its own code."""
    if sys.argv[1:2] == [CLONED]:
        bring_data(compose(overrides())["source"], [Path(word) for word in sys.argv[2:]])
        repro(overrides(), is_trial=True)
        return
    RECORD.unlink(missing_ok=True)
    here = tree()
    project = lay_out(commit(here), FOLDER)
    done = run(project, Path())
    if (project / EVALUATION).exists():
        write_json(RECORD, {"tree": here})
    if done.returncode:
        sys.exit(done.returncode)
    print(f"\n  All of it is in {project}/: {project / PAGE}. Nothing else has changed.")


if __name__ == "__main__":
    one_line(main)
