"""The figures of an evaluation as data, for `dvc plots` and for the report."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pipeline.metrics import CALIBRATION_BINS, Scored, calibration_bin

#: Rows drawn at most: more points than this show nothing more.
MOST_ROWS = 5000


def plot_tables(scored: Scored, classes: list[str] | None, seed: int) -> dict[str, str]:
    """Return CSV text by file name: confusion and calibration, or residuals."""
    size = len(scored.truth)
    rows = np.sort(np.random.default_rng(seed).permutation(size)[:MOST_ROWS])
    sample = scored.take(rows)
    if classes is None:
        return {
            "residuals.csv": _csv(
                ("actual", "predicted", "residual"),
                zip(sample.truth, sample.scores, sample.truth - sample.scores, strict=True),
            )
        }
    assert sample.label is not None
    pairs = ((classes[t], classes[p]) for t, p in zip(sample.truth, sample.label, strict=True))
    return {
        "confusion.csv": _csv(("actual", "predicted"), pairs),
        "calibration.csv": _csv(("confidence", "accuracy", "rows"), _calibration(scored)),
    }


def _calibration(scored: Scored) -> Iterable[tuple[float, float, int]]:
    confidence = scored.scores.max(axis=1)
    right = scored.scores.argmax(axis=1) == scored.truth
    bins = calibration_bin(confidence)
    for bucket in range(CALIBRATION_BINS):
        rows = bins == bucket
        if rows.any():
            yield float(confidence[rows].mean()), float(right[rows].mean()), int(rows.sum())


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        [f"{float(v):.6g}" if isinstance(v, float | np.floating) else v for v in row] for row in rows
    )
    return text.getvalue()
