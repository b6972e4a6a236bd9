"""The threshold of the index is what chance gives, whatever the sizes and the bins."""

import numpy as np
import pytest

from monitoring.gate import noise, psi

LEVEL = 0.01


@pytest.mark.parametrize("rows", [(133, 45), (2000, 100), (5000, 100_000)], ids=str)
@pytest.mark.parametrize("bins", [2, 4, 10])
def test_the_index_of_one_population_exceeds_its_threshold_as_often_as_was_asked(
    rows: tuple[int, int], bins: int
) -> None:
    random = np.random.default_rng(1)
    bins = min(bins, min(rows) // 10)
    shares = np.full(bins, 1 / bins)
    pairs = zip(*(random.multinomial(size, shares, 5000) for size in rows), strict=True)

    bound = noise(bins, *rows, LEVEL)
    false_alarms = np.mean([psi(first, second) >= bound for first, second in pairs])

    assert false_alarms == pytest.approx(LEVEL, abs=4 * (LEVEL / 5000) ** 0.5)
