"""Artefacts as a run leaves them, small and made up, for a classifier and for a regression."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from project import artefacts

LABELS = ["<script>alert('x')</script>", "b & c"]
LONG = "a_very_long_name_" * 6


@pytest.fixture
def make_run(folder: Path) -> Callable[[str], None]:
    """Leave behind what a run of a task does."""
    return write_run


@pytest.fixture
def classifier(folder: Path) -> None:
    """Leave behind what a classifier's run does."""
    write_run("classification")


@pytest.fixture
def regression(folder: Path) -> None:
    """Leave behind what a regression's run does."""
    write_run("regression")


@pytest.fixture
def change() -> Callable[..., None]:
    """Change top-level keys of a JSON file."""

    def change(path: Path, **values: Any) -> None:
        dump(path, json.loads(path.read_text(encoding="utf-8")) | values)

    return change


def write_run(task: str) -> None:
    classes = LABELS if task == "classification" else None
    for path, value in {
        artefacts.ORIGIN: origin(),
        artefacts.VALIDATION: validation(classes),
        artefacts.TRAINING: {"model": "tiny", "rows": 6, "curves": []},
        artefacts.PARITY: parity(),
        artefacts.EVALUATION: evaluation(task, classes),
        artefacts.METRICS: {},
        artefacts.GOLDEN: golden(classes),
    }.items():
        dump(path, value)
    write(artefacts.PARAMS, yaml.safe_dump(params(task, classes)))
    write(artefacts.DVC_LOCK, "schema: '2.0'\nstages: {}\n")
    for name, text in plots(classes).items():
        write(artefacts.PLOTS / name, text)
    table = pa.table({LONG: [1.0, 2.0, None], "kind": ["x", "<b>", "x"], "y": ["1", "2", "3"]})
    for path in (artefacts.RAW, artefacts.VALID, artefacts.TRAIN, artefacts.TEST):
        parquet.write_table(table, make_room(path))
    parquet.write_table(table, artefacts.REFERENCE)
    rejected = table.slice(0, 1).append_column("rejected_because", [["kind: unknown value"]])
    parquet.write_table(rejected, artefacts.REJECTED)
    write(artefacts.ONNX, "not a model")


def dump(path: Path, value: Any) -> None:
    write(path, json.dumps(value))


def write(path: Path, text: str) -> None:
    make_room(path).write_text(text, encoding="utf-8")


def make_room(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def origin() -> dict[str, Any]:
    columns = {LONG: "A Very <i>Long</i> Name", "kind": "kind", "y": "Ÿ"}
    return {
        "source": "file",
        "path": "x.csv",
        "sha256": "0" * 64,
        "rows": 9,
        "columns": columns,
    }


def validation(classes: list[str] | None) -> dict[str, Any]:
    target: dict[str, Any] = {"missing": 0, "type": "number", "min": 1.0, "mean": 2.0, "max": 3.0}
    if classes:
        counts = {classes[0]: 5, classes[1]: 3}
        target = {"missing": 0, "type": "category", "distinct": 2, "most_common": counts}
    kinds = {"missing": 0, "type": "category", "distinct": 2, "most_common": {"x": 7, "<b>": 1}}
    number = {"missing": 1, "type": "number", "min": 1.0, "mean": 1.5, "max": 2.0}
    return {
        "dataset": "toy",
        "rows": {"valid": 8, "rejected": 1},
        "rules_broken": {"kind: unknown value": 1},
        "columns": {
            LONG: number,
            "kind": kinds,
            "y": target
            if classes
            else target | {"type": "category", "distinct": 3} | {"most_common": {"1": 1}},
        },
    }


def parity() -> dict[str, Any]:
    return {
        "rows": 2,
        "tolerance": 1e-4,
        "max_difference": 4.2e-8,
        "mean_difference": 1e-8,
        "rows_beyond_tolerance": 0,
    }


def metric(value: float | None, direction: str, threshold: float | None = None) -> dict[str, Any]:
    low, high = (None, None) if value is None else (value - 0.04, value + 0.04)
    return {
        "value": value,
        "low": low,
        "high": high,
        "direction": direction,
        "threshold": threshold,
    }


def evaluation(task: str, classes: list[str] | None) -> dict[str, Any]:
    metrics = {"rmse": metric(4.2, "lower"), "r2": metric(0.5, "higher", 0.3)}
    if classes:
        metrics = {
            "macro_f1": metric(0.9, "higher", 0.8),
            "roc_auc": metric(None, "higher"),
            "log_loss": metric(0.2, "lower", 0.5),
        }
    values = {name: row["value"] for name, row in metrics.items()}
    return {
        "verdict": "passed",
        "reasons": [],
        "dataset": "toy",
        "task": task,
        "target": "y",
        "classes": classes,
        "rows": 2,
        "primary": next(iter(metrics)),
        "confidence": 0.95,
        "metrics": metrics,
        "slices": {"kind": {"<b>x</b>": {"rows": 2, "metrics": values}}},
        "importance": {LONG: 0.1, "kind": -0.05},
    }


def golden(classes: list[str] | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"prediction": 2.0}
    if classes:
        answer = {"label": classes[0], "probabilities": dict.fromkeys(classes, 0.5)}
    return {"tolerance": 1e-4, "inputs": [{LONG: 1.0, "kind": "x"}], "outputs": [answer]}


def params(task: str, classes: list[str] | None) -> dict[str, Any]:
    columns = {LONG: {"type": "number", "min": 0.0}, "kind": {"type": "category"}}
    target = {"name": "y", "classes": classes} if classes else {"name": "y"}
    dataset = {"name": "toy", "title": "Toys & <games>", "task": task}
    return {
        "seed": 42,
        "project": {"name": "toy", "title": "Toy <b>model</b>", "owner": "@us", "licence": "MIT"},
        "model": {"name": "tiny", "hidden": [4, 2], "preprocessing": {"scale": True}},
        "source": {"kind": "file", "path": "x.csv", "delimiter": ","},
        "dataset": dataset | {"target": target, "columns": columns},
    }


def plots(classes: list[str] | None) -> dict[str, str]:
    if classes is None:
        return {"residuals.csv": "actual,predicted,residual\n1,1.5,-0.5\n3,2,1\n"}
    one, two = classes
    return {
        "confusion.csv": f"actual,predicted\n{one},{one}\n{two},{one}\n",
        "calibration.csv": "confidence,accuracy,rows\n0.6,0.5,2\n",
    }
