"""What a model must reach."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

from annotated_types import Ge

from project.settings.group import Group, Share

#: Which way is better, by task and metric.
DIRECTIONS: dict[str, dict[str, Literal["higher", "lower"]]] = {
    "classification": {
        "accuracy": "higher",
        "balanced_accuracy": "higher",
        "macro_f1": "higher",
        "roc_auc": "higher",
        "log_loss": "lower",
        "calibration_error": "lower",
    },
    "regression": {"rmse": "lower", "mae": "lower", "r2": "higher"},
}
#: What a metric can be, where that is not 0 to 1: a threshold beyond it is a slip of the pen.
RANGES = {
    "log_loss": (0.0, inf),
    "rmse": (0.0, inf),
    "mae": (0.0, inf),
    "r2": (-inf, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Evaluation(Group):
    """What the model must reach; `thresholds` are minima or maxima by the metric's direction."""

    primary: str
    thresholds: dict[str, float | None]
    slices: list[str]
    resamples: Annotated[int, Ge(100)]
    confidence: Share
