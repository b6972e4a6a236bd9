"""What one run of the pipeline left behind, read once and held against dvc.lock."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from project.artefacts import (
    DVC_LOCK,
    EVALUATION,
    GOLDEN,
    METRICS,
    ONNX,
    ORIGIN,
    PARAMS,
    PARITY,
    PLOTS,
    RAW,
    REFERENCE,
    REJECTED,
    TEST,
    TRAIN,
    TRAINING,
    VALID,
    VALIDATION,
)
from project.dvc_lock import of_model, read_lock, refuse_stale
from project.errors import UserError
from project.files import read_json
from project.loading import read_yaml
from project.overrides import repro_command

Table = list[dict[str, str]]

READ = (PARAMS, ORIGIN, VALIDATION, TRAINING, PARITY, EVALUATION, METRICS, GOLDEN)
DATA = (RAW, VALID, REJECTED, TRAIN, TEST, REFERENCE, ONNX)


@dataclass(frozen=True)
class Run:
    """The artefacts' contents; `plots` holds each figure's rows by name."""

    params: dict[str, Any]
    origin: dict[str, Any]
    validation: dict[str, Any]
    training: dict[str, Any]
    parity: dict[str, Any]
    evaluation: dict[str, Any]
    golden: dict[str, Any]
    plots: dict[str, Table]

    @property
    def primary(self) -> str:
        """The metric by which models are compared."""
        return str(self.evaluation["primary"])

    @property
    def place(self) -> str | None:
        """Where the data lay: a path or a URL; None where it comes with scikit-learn."""
        found: str | None = self.origin.get("path") or self.origin.get("url")
        return found

    def own_name(self, column: str) -> str:
        """Return a column's name in the user's own data."""
        return str(self.origin["columns"].get(column, column))


def read_run() -> Run:
    """Read every artefact; `UserError` where one is missing or is not of the run in dvc.lock."""
    for path in (*READ, *DATA, PLOTS, DVC_LOCK):
        if not path.exists():
            raise UserError(f"{path}: not there yet; type: {repro_command()}")
    # A page must not show one run's settings beside another's results.
    refuse_stale(of_model(read_lock(DVC_LOCK.read_text(encoding="utf-8"))))
    return Run(
        params=_parsed(PARAMS, _yaml),
        origin=_parsed(ORIGIN, read_json),
        validation=_parsed(VALIDATION, read_json),
        training=_parsed(TRAINING, read_json),
        parity=_parsed(PARITY, read_json),
        evaluation=_parsed(EVALUATION, read_json),
        golden=_parsed(GOLDEN, read_json),
        plots={path.stem: _rows(path) for path in sorted(PLOTS.glob("*.csv"))},
    )


def _yaml(path: Path) -> Any:
    return read_yaml(path.read_text(encoding="utf-8"))


def _parsed(path: Path, reader: Callable[[Path], Any]) -> dict[str, Any]:
    try:
        value = reader(path)
    except (ValueError, YAMLError):
        value = None
    if not isinstance(value, dict):
        raise UserError(f"{path}: cannot be read; type: {repro_command()}")
    return value


def _rows(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
