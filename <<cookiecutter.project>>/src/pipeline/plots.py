"""Figures as data, for `dvc plots` and for the report.

dvc.yaml names every file, so each is written for every model, if only with a header.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pipeline.csv_text import csv_text
from project.metrics import CALIBRATION_BINS, Scored, calibration_bin

#: Rows drawn at most: more points than this show nothing more.
MOST_ROWS = 5000


def plot_tables(scored: Scored, classes: list[str] | None, seed: int) -> dict[str, str]:
    """Return CSV text by file name; a file of the other task has a header and no rows."""
    size = len(scored.truth)
    rows = np.sort(np.random.default_rng(seed).permutation(size)[:MOST_ROWS])
    sample = scored.take(rows)
    confusion: Iterable[Sequence[Any]] = ()
    calibration: Iterable[Sequence[Any]] = ()
    residuals: Iterable[Sequence[Any]] = ()
    if classes and sample.label is not None:
        labels = np.array(classes)
        confusion = zip(labels[sample.truth], labels[sample.label], strict=True)
        calibration = _calibration(scored)
    else:
        errors = sample.truth - sample.scores
        residuals = zip(sample.truth, sample.scores, errors, strict=True)
    return {
        "confusion.csv": csv_text(("actual", "predicted"), confusion),
        "calibration.csv": csv_text(("confidence", "accuracy", "rows"), calibration),
        "residuals.csv": csv_text(("actual", "predicted", "residual"), residuals),
    }


def _calibration(scored: Scored) -> Iterable[tuple[float, float, int]]:
    scored = scored.take(np.flatnonzero(np.isfinite(scored.scores).all(axis=1)))
    confidence = scored.scores.max(axis=1)
    right = scored.scores.argmax(axis=1) == scored.truth
    bins = calibration_bin(confidence)
    for bucket in range(CALIBRATION_BINS):
        rows = bins == bucket
        if rows.any():
            yield float(confidence[rows].mean()), float(right[rows].mean()), int(rows.sum())
