"""The sample that Evidently is shown: of all times alike, and the same each time."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.batch import Batch
from monitoring.sample import TimeSample

SIZE = 200


def sampled(times: np.ndarray, seed: int = 1, batch: int = 1000) -> list[int]:  # type: ignore[type-arg]
    """Return which rows are drawn of rows with these times, which come in batches."""
    sample = TimeSample(SIZE, seed)
    for start in range(0, len(times), batch):
        part = times[start : start + batch]
        rows = np.arange(start, start + len(part))
        sample.add(Batch(pa.table({"row": rows}), times=part))
    drawn = sample.draw(SIZE)
    assert drawn is not None
    return list(drawn.column("row").to_pylist())


@pytest.mark.parametrize("rows", [1500, 50_000])
def test_each_part_of_the_window_has_its_share(rows: int) -> None:
    times = np.random.default_rng(3).permutation(np.arange(float(rows)))  # lines in any order

    drawn = times[sampled(times)]

    parts = np.bincount((drawn * 50 // rows).astype(int), minlength=50)
    assert parts.sum() == SIZE
    assert parts.std() < 1.2  # a plain sample's is 2, the root of four rows in each part


def test_hours_with_more_rows_have_more_of_the_sample() -> None:
    busy, quiet = np.linspace(0, 99, 9000), np.linspace(100, 200, 1000)

    drawn = np.array(sampled(np.append(busy, quiet)))

    assert 0.05 < (drawn >= 9000).mean() < 0.15


def test_the_same_rows_and_seed_give_the_same_sample_and_another_seed_another() -> None:
    times = np.arange(20_000.0)

    assert sampled(times) == sampled(times)
    assert sampled(times) != sampled(times, seed=2)


def test_what_is_held_does_not_grow_with_the_rows() -> None:
    sample = TimeSample(SIZE, 1)
    for start in range(0, 100_000, 1000):
        times = np.arange(start, start + 1000.0)
        sample.add(Batch(pa.table({"row": times}), times=times))

        assert sample._held <= 8 * SIZE
