"""What dvc.lock says of each stage, passed from task to task through the DVC remote.

DVC keeps content by digest, so a task must be told the digests of what the tasks before it wrote.
They lie beside the content, one file for each stage of a run: `workflows/<run>/<stage>.json`.
"""

import json
import re
from typing import Any

from project.artefacts import DVC_LOCK
from project.dvc_lock import read_lock
from project.errors import UserError
from project.files import write_text
from project.yaml_text import yaml_text

FOLDER = "workflows"


class StageRecords:
    """The records of one run."""

    def __init__(self, run: str) -> None:
        """Open the project's default remote; `UserError` where there is none."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", run):
            raise UserError(f"{run}: expected the name of a run: letters, digits, dots and dashes")
        self._remote = default_remote()
        self._run = run

    def adopt(self, stages: tuple[str, ...]) -> None:
        """Write what earlier tasks recorded into dvc.lock; `UserError` where one has not."""
        known = read_lock(DVC_LOCK.read_text(encoding="utf-8")) if DVC_LOCK.exists() else {}
        for stage in stages:
            known[stage] = self._read(stage)
        write_text(DVC_LOCK, yaml_text({"schema": "2.0", "stages": known}))

    def record(self, stage: str) -> None:
        """Send what dvc.lock says of a stage."""
        entry = read_lock(DVC_LOCK.read_text(encoding="utf-8"))[stage]
        path = self._path(stage)
        self._remote.fs.makedirs(self._remote.fs.parent(path), exist_ok=True)
        with self._remote.fs.open(path, "wb") as file:
            file.write(json.dumps(entry, indent=2).encode())

    def _read(self, stage: str) -> Any:
        path = self._path(stage)
        try:
            with self._remote.fs.open(path, "rb") as file:
                return json.loads(file.read())
        except FileNotFoundError:
            raise UserError(
                f"{path}: no such record, so stage {stage} has not ended well in run {self._run}"
            ) from None
        except ValueError:
            raise UserError(f"{path}: not a record of a stage; run it again") from None

    def _path(self, stage: str) -> str:
        return str(self._remote.fs.join(self._remote.path, FOLDER, self._run, f"{stage}.json"))


def default_remote() -> Any:
    """Return the project's default remote; `UserError` where there is none, or no way to it."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        return Repo().cloud.get_remote()
    except DvcException:
        raise UserError(
            ".dvc/config: no default DVC remote, through which tasks pass their files; "
            "type: dvc remote add --default storage s3://bucket/path, and commit it"
        ) from None
    except ImportError as error:  # DVC says which package it is
        raise UserError(
            f".dvc/config: {error}; add it to requirements/sklearn.in and type: make lock setup"
        ) from None
