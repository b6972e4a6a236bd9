"""Verdicts of `make drift`, made up: nine weeks, one of them quiet, then three of drift."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

WEEKS, DRIFTED = 12, 3
FIRST = datetime(2026, 8, 3, 6, tzinfo=UTC)
COLUMNS = ("mean_radius", "mean_texture", "mean_area", "mean_smoothness")


def write_verdicts(project: Path) -> None:
    """Write them where the report looks for them."""
    digest = sha256((project / "models/model.onnx").read_bytes()).hexdigest()
    folder = project / "reports/drift"
    folder.mkdir(parents=True, exist_ok=True)
    for week in range(WEEKS):
        time = FIRST + timedelta(weeks=week)
        verdict = _verdict(time, digest, drifted=week >= WEEKS - DRIFTED, few=week == 4)
        (folder / f"{time:%Y%m%dT%H%M%SZ}.json").write_text(json.dumps(verdict))


def _verdict(time: datetime, digest: str, drifted: bool, few: bool) -> dict[str, Any]:
    word = "drift" if drifted else "too_little" if few else "none"
    return {
        "format": 1,
        "time": time.isoformat(),
        "verdict": word,
        "exit_code": {"none": 0, "drift": 3, "too_little": 4}[word],
        "reasons": ["mean_radius has drifted: PSI is 0.61, the threshold 0.2"] if drifted else [],
        "model": {"name": "wine-model", "version": digest[:12], "digest": f"sha256:{digest}"},
        "window": {"from": (time - timedelta(weeks=1)).isoformat(), "to": time.isoformat()},
        "reference": {"rows": 426, "digest": "sha256:0"},
        "rows": {"used": 1234, "unreadable": 1, "other_models": 0, "sampled": 1234},
        "columns": [_column(name, drifted and not place) for place, name in enumerate(COLUMNS)],
        "prediction": {
            "name": "diagnosis",
            "kind": "category",
            "test": "PSI",
            "score": 0.05,
            "threshold": 0.2,
            "drifted": False,
            "missing": {"reference": 0.0, "current": 0.0},
            "unseen": None,
            "distribution": {
                "categories": ["malignant", "a benign one, whose name is rather long for a phone"],
                "reference": [0.4, 0.6],
                "current": [0.5, 0.5],
            },
        },
        "appeared": [],
        "gone": ["mean_symmetry"],
        "quality": {
            "labelled": 99,
            "metrics": [
                {
                    "name": "balanced_accuracy",
                    "direction": "higher",
                    "offline": 0.97,
                    "current": 0.91,
                    "floor": 0.95,
                    "kept": False,
                }
            ],
            "over_time": [],
        },
        "evidently": {"rows": 1234, "drifted": [], "agrees": True},
    }


def _column(name: str, drifted: bool) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "number",
        "test": "PSI",
        "score": 0.61 if drifted else 0.02,
        "threshold": 0.2,
        "drifted": drifted,
        "missing": {"reference": 0.0, "current": 0.03 if drifted else 0.0},
        "unseen": None,
        "distribution": {
            "bins": [6.0, 10.0, 12.5, 14.0, 18.5, 29.0],
            "reference": [0.2, 0.2, 0.2, 0.2, 0.2],
            "current": [0.05, 0.05, 0.1, 0.3, 0.5] if drifted else [0.19, 0.21, 0.2, 0.22, 0.18],
        },
    }
