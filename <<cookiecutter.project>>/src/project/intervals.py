"""Bootstrap intervals of metrics."""

import numpy as np

from project.metrics import Scored, compute

#: Rows in a resample at most. With more test rows this is the m out of n bootstrap (Bickel, Götze
#: and van Zwet 1997): deviations of a sample of m, scaled by sqrt(m / n).
MOST_ROWS = 10_000

Interval = tuple[float | None, float | None]


def intervals(scored: Scored, resamples: int, confidence: float, seed: int) -> dict[str, Interval]:
    """Return each metric's basic percentile interval; (None, None) where it is not defined."""
    point = compute(scored)
    rows = len(scored.truth)
    size = min(rows, MOST_ROWS)
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in point}
    for _ in range(resamples):
        for name, value in compute(scored.take(random.integers(0, rows, size))).items():
            if value is not None:
                drawn[name].append(value)
    tail = 100 * (1 - confidence) / 2
    return {
        name: _interval(point[name], values, (size / rows) ** 0.5, tail)
        for name, values in drawn.items()
    }


def _interval(point: float | None, values: list[float], scale: float, tail: float) -> Interval:
    if point is None or not values:
        return None, None
    if scale == 1.0:
        low, high = np.percentile(values, [tail, 100 - tail])
    else:
        low, high = point + scale * (np.percentile(values, [tail, 100 - tail]) - np.mean(values))
    return float(low), float(high)
