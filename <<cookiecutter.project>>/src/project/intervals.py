"""Bootstrap intervals of metrics."""

import numpy as np

from project.metrics import Scored, compute

#: Rows in a resample at most. With more test rows this is the m out of n bootstrap (Bickel, Götze
#: and van Zwet 1997): deviations of a sample of m, scaled by sqrt(m / n).
MOST_ROWS = 10_000
#: Sums of absolute gaps: a resample is noisier than the rows that it is drawn from, and noise only
#: widens a gap, so that most resamples lie above the value.
BIASED = frozenset({"calibration_error"})

Interval = tuple[float | None, float | None]


def intervals(scored: Scored, resamples: int, confidence: float, seed: int) -> dict[str, Interval]:
    """Return each metric's percentile interval; (None, None) where it is not defined.

    That of a biased metric is the basic one (Davison and Hinkley 1997, section 5.2), which takes
    the bias off instead of adding it a second time.
    """
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
        name: _interval(point[name], values, (size / rows) ** 0.5, tail, name in BIASED)
        for name, values in drawn.items()
    }


def _interval(
    point: float | None, values: list[float], scale: float, tail: float, is_biased: bool
) -> Interval:
    if point is None or not values:
        return None, None
    ends = np.percentile(values, [tail, 100 - tail])
    if is_biased:
        high, low = point - scale * (ends - point)
        low, high = max(low, 0.0), max(high, point)  # no gap is negative, nor is the value outside
    elif scale == 1.0:
        low, high = ends
    else:
        low, high = point + scale * (ends - np.mean(values))
    return float(low), float(high)
