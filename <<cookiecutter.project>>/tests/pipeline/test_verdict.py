"""A verdict refuses what misses a threshold, and whatever is not a number."""

import pytest

from pipeline.verdict import judge
from project.settings.evaluation import Evaluation

GOOD = {"rmse": 0.5, "mae": 0.4, "r2": 0.6}
REFUSED = {
    "a higher-is-better metric below its threshold": (
        {"r2": 0.1},
        "r2 is 0.1, must be at least 0.2",
    ),
    "a lower-is-better metric above its threshold": ({"rmse": 2.0}, "rmse is 2, must be at most 1"),
    "a metric without a threshold that is NaN": ({"mae": float("nan")}, "mae is not a number"),
    "a metric that is missing": ({"r2": None}, "r2 is not a number"),
}
SETTINGS = Evaluation(
    primary="rmse", thresholds={"rmse": 1.0, "r2": 0.2}, slices=[], resamples=100, confidence=0.9
)


def test_a_model_that_meets_every_threshold_passes() -> None:
    assert judge("regression", GOOD, SETTINGS) == ("passed", [])


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_it_refuses(change: dict[str, float | None], reason: str) -> None:
    assert judge("regression", {**GOOD, **change}, SETTINGS) == ("refused", [reason])


def test_a_metric_at_its_threshold_passes() -> None:
    assert judge("regression", {**GOOD, "r2": 0.2, "rmse": 1.0}, SETTINGS)[0] == "passed"
