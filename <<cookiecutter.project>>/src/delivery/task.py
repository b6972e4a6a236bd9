"""Run one stage in a clone that shares nothing with those of other stages but the DVC remote.

`python -m delivery.task STAGE RUN [OVERRIDES]`: what each task of build/workflow/ runs. It changes
dvc.yaml and DVC's configuration, so it is for a clone that is thrown away.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from delivery.pipeline_image import lock
from delivery.stage_graph import Stage, read_stages
from delivery.stage_records import StageRecords
from project.errors import UserError, one_line
from project.files import write_text
from project.loading import read_yaml
from project.params import write
from project.yaml_text import yaml_text

#: The exit code of what may go better another time: the remote could not be reached.
#: Of sysexits.h; what a stage itself refuses ends with 1, and would be refused again.
TRY_AGAIN = 75
DVC_YAML = Path("dvc.yaml")


def run_stage(name: str, run: str, overrides: str = "") -> None:
    """Fetch a stage's inputs, run it, send its outputs and what dvc.lock says of it.

    The stage runs whatever dvc.lock says. `overrides` are those of make repro, in one text; without
    any, params.yaml is used as it is committed. Raises `UserError` where an earlier stage has left
    no record, or where this environment is not the one that the project's lock names.
    """
    refuse_other_environment()
    if overrides:
        write(shlex.split(overrides))
    keep_every_output()
    stage = stage_named(name)
    records = StageRecords(run)
    records.adopt(stage.after)
    if stage.inputs:
        dvc("pull", "--force", *stage.inputs, failure=TRY_AGAIN)
    dvc("repro", "--single-item", "--force", name)
    # With what makes `dvc repro --pull` elsewhere find this run's results instead of running.
    dvc("push", "--run-cache", name, failure=TRY_AGAIN)
    records.record(name)


def refuse_other_environment() -> None:
    """Raise `UserError` where the environment was not made from the project's lock."""
    installed = Path(sys.prefix, "installed.txt")
    if not installed.exists() or installed.read_bytes() != lock().read_bytes():
        raise UserError(
            f"{sys.prefix}: not the environment that {lock()} locks; type: make pipeline-image, "
            "push it, and name it by the workflow's parameter image"
        )


def keep_every_output() -> None:
    """Let DVC keep reports too, as it keeps data: no git carries them from task to task."""
    config = read_yaml(DVC_YAML.read_text(encoding="utf-8"))
    for stage in config["stages"].values():
        stage = stage.get("do", stage)  # foreach and matrix
        for kind in ("outs", "metrics", "plots"):
            if kind in stage:
                stage[kind] = [_kept(entry) for entry in stage[kind]]
    write_text(DVC_YAML, yaml_text(config))
    # Else it refuses to keep what git tracks.
    dvc("config", "--local", "core.no_scm", "true")


def _kept(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {
        path: {key: value for key, value in options.items() if key != "cache"}
        for path, options in entry.items()
    }


def stage_named(name: str) -> Stage:
    """Return a stage of dvc.yaml, or raise `UserError`."""
    stages = read_stages()
    if name not in stages:
        raise UserError(f"{DVC_YAML}: no stage {name}; it has {', '.join(stages)}")
    return stages[name]


def dvc(*arguments: str, failure: int = 1) -> None:
    """Run DVC; where it fails it has said why, and this process ends."""
    if subprocess.run([sys.executable, "-m", "dvc", *arguments]).returncode:
        sys.exit(failure)


def main() -> None:
    """Run the stage that the command line names."""
    parser = argparse.ArgumentParser(description="Run one stage of a workflow in a clean clone.")
    parser.add_argument("stage")
    parser.add_argument("run", help="the name of the workflow's run")
    parser.add_argument("overrides", nargs="?", default="", help="as of make repro, in one word")
    options = parser.parse_args()
    run_stage(options.stage, options.run, options.overrides)


if __name__ == "__main__":
    one_line(main)
