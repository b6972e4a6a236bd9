"""Which model the table wants: the project's default, unless it has no part for the task."""

from pathlib import Path
from typing import Any

import yaml

from project.settings.model import ROLES

#: scikit-learn's classifiers that take class weights, though their files in conf/ do not say so.
WEIGHTED = ("RandomForestClassifier", "HistGradientBoostingClassifier", "LogisticRegression")


def choose_model(conf: Path, task: str) -> tuple[str | None, bool]:
    """Return the model to override the default by, if any, and whether it takes class weights."""
    defaults = _read(conf / "config.yaml")["defaults"]
    default = next(item["model"] for item in defaults if isinstance(item, dict) and "model" in item)
    settings = _read(conf / "model" / f"{default}.yaml")
    if settings["framework"] == "keras" or settings.get(ROLES[task]):
        return None, _takes_weights(settings)
    return "random_forest", True


def _takes_weights(settings: dict[str, Any]) -> bool:
    classifier = str(settings.get("classifier", ""))
    return "class_weight" in settings or classifier.rsplit(".", 1)[-1] in WEIGHTED


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
