"""What a run records: settings, metrics, curves and reports, as the project's files hold them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from project.artefacts import DVC_LOCK, EVALUATION, ORIGIN, PARAMS, TRAINING
from project.dvc_lock import outputs
from project.files import read_json
from project.loading import read_params

MOST_PARAMS = 100  # MLflow's own bounds for one request
MOST_METRICS = 1000

Value = tuple[str, float, int]  # a metric's name, its value, its step


def log_run(client: Any, run_id: str, model_id: str, stages: dict[str, Any]) -> None:
    """Record all that the stages wrote for people, and the settings that they ran with."""
    from mlflow.entities import Metric, Param

    params = [Param(key, value) for key, value in flatten(read_params())]
    for start in range(0, len(params), MOST_PARAMS):
        client.log_batch(run_id, params=params[start : start + MOST_PARAMS])

    now = int(time.time() * 1000)
    values = [*metric_values(read_json(EVALUATION)), *curve_values(read_json(TRAINING))]
    metrics = [Metric(name, value, now, step, model_id=model_id) for name, value, step in values]
    for start in range(0, len(metrics), MOST_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + MOST_METRICS])

    for path in [PARAMS, DVC_LOCK, ORIGIN, *reports(stages)]:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), str(path))
        else:
            folder = str(path.parent) if path.parent != Path() else None
            client.log_artifact(run_id, str(path), folder)


def flatten(settings: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield settings by dotted key; what is not text, a list for one, is written as JSON."""
    if isinstance(settings, dict) and settings:
        for key, value in settings.items():
            yield from flatten(value, f"{path}.{key}" if path else str(key))
    else:
        text = settings if isinstance(settings, str) else json.dumps(settings, ensure_ascii=False)
        yield path, text


def metric_values(evaluation: dict[str, Any]) -> Iterator[Value]:
    """Yield each metric, and the ends of its interval as `_low` and `_high`."""
    for name, row in evaluation["metrics"].items():
        for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            if row[key] is not None:
                yield f"{name}{suffix}", float(row[key]), 0


def curve_values(training: dict[str, Any]) -> Iterator[Value]:
    """Yield the training curves step by step as `train_loss` and `validation_loss`."""
    for point in training["curves"]:
        for part, value in point.items():
            if part != "step":
                yield f"{part}_loss", float(value), int(point["step"])


def reports(stages: dict[str, Any]) -> list[Path]:
    """List the reports that dvc.lock records."""
    return [Path(out.path) for out in outputs(stages) if Path(out.path).parts[0] == "reports"]
