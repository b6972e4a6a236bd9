"""Bootstrap intervals hold the metric, narrow with more rows, and are the same again."""

import numpy as np

from project.intervals import MOST_ROWS, intervals
from project.metrics import Scored


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


def test_the_same_seed_gives_the_same_interval() -> None:
    assert intervals(noisy(50), 100, 0.9, seed=3) == intervals(noisy(50), 100, 0.9, seed=3)


def test_a_metric_that_is_not_defined_has_no_interval() -> None:
    constant = Scored(np.ones(20), np.ones(20))

    assert intervals(constant, 100, 0.9, seed=0)["r2"] == (None, None)
