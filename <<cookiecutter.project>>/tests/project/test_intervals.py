"""Bootstrap intervals hold the metric, narrow with more rows, and are the same again."""

import numpy as np
import pytest

from project.intervals import MOST_ROWS, intervals
from project.metrics import Scored, calibration_error

GAP = 0.03


def noisy(rows: int) -> Scored:
    random = np.random.default_rng(1)
    truth = random.normal(size=rows)
    return Scored(truth, truth + random.normal(scale=0.5, size=rows))


def test_an_interval_holds_its_metric_and_narrows_with_more_rows() -> None:
    few = intervals(noisy(100), 200, 0.95, seed=0)["rmse"]
    many = intervals(noisy(10_000), 200, 0.95, seed=0)["rmse"]

    assert few[0] < 0.5 < few[1]
    assert (many[1] - many[0]) < (few[1] - few[0]) / 5


def test_beyond_the_largest_resample_the_width_still_shrinks_as_theory_says() -> None:
    low, high = intervals(noisy(4 * MOST_ROWS), 200, 0.95, seed=0)["rmse"]
    expected = 2 * 1.96 * 0.5 / np.sqrt(2 * 4 * MOST_ROWS)  # of a normal error's RMSE

    assert 0.75 < (high - low) / expected < 1.25


def too_sure(rows: int, seed: int) -> Scored:
    """Make answers of two classes that are right a little less often than they are sure to be."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.55, 1.0, rows)
    right = random.random(rows) < sure - GAP
    return Scored(right.astype(int), np.stack([1 - sure, sure], axis=1), np.ones(rows, dtype=int))


@pytest.mark.parametrize(("rows", "samples"), [(45, 20), (2 * MOST_ROWS, 2)])
def test_the_interval_of_the_calibration_error_holds_it_and_the_truth(
    rows: int, samples: int
) -> None:
    drawn = [too_sure(rows, seed) for seed in range(samples)]
    found = [intervals(sample, 60, 0.95, seed=0)["calibration_error"] for sample in drawn]

    for sample, (low, high) in zip(drawn, found, strict=True):
        assert 0 <= low <= calibration_error(sample) <= high
    # Percentiles of 45 rows hold it in one of twenty samples.
    assert sum(low <= GAP <= high for low, high in found) >= 0.8 * samples


def test_a_model_surer_than_it_is_right_has_an_interval_above_zero() -> None:
    scores = np.tile([0.05, 0.95], (300, 1))
    sure = Scored(np.arange(300) % 2, scores, np.ones(300, dtype=int))

    low, high = intervals(sure, 100, 0.95, seed=0)["calibration_error"]

    assert 0.3 < low < calibration_error(sure) < high < 0.6


def test_the_same_seed_gives_the_same_interval() -> None:
    assert intervals(noisy(50), 100, 0.9, seed=3) == intervals(noisy(50), 100, 0.9, seed=3)


def test_a_metric_that_is_not_defined_has_no_interval() -> None:
    constant = Scored(np.ones(20), np.ones(20))

    assert intervals(constant, 100, 0.9, seed=0)["r2"] == (None, None)
