"""May this model go on? Thresholds, and the reasons why not."""

from collections.abc import Mapping
from typing import Any

from project.settings.evaluation import DIRECTIONS, Evaluation


def judge(
    task: str, values: Mapping[str, float | None], settings: Evaluation
) -> tuple[str, list[str]]:
    """Return `passed` or `refused`, and the reasons for a refusal.

    A metric that is missing or not a number is refused, whether or not it has a threshold.
    """
    reasons = []
    for name, direction in DIRECTIONS[task].items():
        value, threshold = values.get(name), settings.thresholds.get(name)
        if value is None or value != value:
            reasons.append(f"{name} is not a number")
        elif threshold is not None and (
            value < threshold if direction == "higher" else value > threshold
        ):
            bound = "at least" if direction == "higher" else "at most"
            reasons.append(f"{name} is {value:.4g}, must be {bound} {threshold:g}")
    return ("refused" if reasons else "passed"), reasons


def metric_rows(
    task: str,
    values: Mapping[str, float | None],
    ends: Mapping[str, tuple[float | None, float | None]],
    settings: Evaluation,
) -> dict[str, dict[str, Any]]:
    """Return each metric with its interval, direction and threshold."""
    return {
        name: {
            "value": values.get(name),
            "low": ends[name][0],
            "high": ends[name][1],
            "direction": direction,
            "threshold": settings.thresholds.get(name),
        }
        for name, direction in DIRECTIONS[task].items()
    }
