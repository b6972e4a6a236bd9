"""Metrics in NumPy: scikit-learn's own would cost two seconds of import in every evaluation.

Tests hold each against scikit-learn's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Scored:
    """Rows with their truth: class indices (rows,) and probabilities (rows, classes), or numbers.

    `label` is the class index that the graph answered, which need not be the most probable one.
    """

    truth: Array
    scores: Array
    label: Array | None = None

    def take(self, rows: Array) -> "Scored":
        """Return some of the rows, by mask or index."""
        label = None if self.label is None else self.label[rows]
        return Scored(self.truth[rows], self.scores[rows], label)


def compute(scored: Scored) -> dict[str, float | None]:
    """Return every metric of the task; None where it is not defined or not finite."""
    metrics = CLASSIFICATION if scored.label is not None else REGRESSION
    if len(scored.truth) == 0 or not np.isfinite(scored.scores).all():
        return dict.fromkeys(metrics)
    values = {name: metric(scored) for name, metric in metrics.items()}
    return {name: float(v) if np.isfinite(v) else None for name, v in values.items()}


def accuracy(scored: Scored) -> float:
    """Share of rows whose label is right."""
    return float(np.mean(scored.label == scored.truth))


def balanced_accuracy(scored: Scored) -> float:
    """Mean recall over the classes that occur."""
    table = confusion(scored)
    support = table.sum(axis=1)
    seen = support > 0
    return float(np.mean(np.diag(table)[seen] / support[seen]))


def macro_f1(scored: Scored) -> float:
    """Mean F1 over the classes that occur or are answered."""
    table = confusion(scored)
    support = table.sum(axis=0) + table.sum(axis=1)
    seen = support > 0
    return float(np.mean(2 * np.diag(table)[seen] / support[seen]))


def roc_auc(scored: Scored) -> float:
    """Area under the ROC curve, mean of each class against the rest; NaN if a class is absent.

    By ranks: Mann and Whitney 1947, ties counted half.
    """
    classes = scored.scores.shape[1]
    columns = [1] if classes == 2 else list(range(classes))
    return float(np.mean([_auc(scored.truth == c, scored.scores[:, c]) for c in columns]))


def _auc(positive: Array, score: Array) -> float:
    wins, losses = int(positive.sum()), int((~positive).sum())
    if not wins or not losses:
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[positive].sum() - wins * (wins + 1) / 2) / (wins * losses))


def log_loss(scored: Scored) -> float:
    """Mean negative log probability of the true class, in nats."""
    chosen = scored.scores[np.arange(len(scored.truth)), scored.truth].astype(np.float64)
    return float(-np.mean(np.log(np.clip(chosen, np.finfo(np.float32).eps, 1.0))))


def calibration_error(scored: Scored) -> float:
    """Expected calibration error of the most probable class: Guo et al. 2017, ten equal bins."""
    confidence = scored.scores.max(axis=1)
    right = scored.scores.argmax(axis=1) == scored.truth
    bins = calibration_bin(confidence)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    gaps = np.abs(
        np.bincount(bins, right, minlength=CALIBRATION_BINS)
        - np.bincount(bins, confidence, minlength=CALIBRATION_BINS)
    )
    return float(gaps.sum() / counts.sum())


def calibration_bin(confidence: Array) -> Array:
    """Return each probability's bin of `CALIBRATION_BINS` equal ones."""
    bins = (confidence * CALIBRATION_BINS).astype(np.int64)
    return np.clip(bins, 0, CALIBRATION_BINS - 1)


def confusion(scored: Scored) -> Array:
    """Count rows by true class (first axis) and answered class (second)."""
    classes = scored.scores.shape[1]
    assert scored.label is not None
    flat = np.bincount(scored.truth * classes + scored.label, minlength=classes * classes)
    return flat.reshape(classes, classes)


def rmse(scored: Scored) -> float:
    """Root of the mean squared error, in the target's unit."""
    return float(np.sqrt(np.mean(np.square(scored.scores - scored.truth))))


def mae(scored: Scored) -> float:
    """Mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(scored.scores - scored.truth)))


def r2(scored: Scored) -> float:
    """Coefficient of determination: 1 is perfect, 0 is the mean's; NaN for a constant target."""
    spread = np.square(scored.truth - scored.truth.mean()).sum()
    if spread == 0:
        return float("nan")
    return float(1 - np.square(scored.scores - scored.truth).sum() / spread)


Metric = Callable[[Scored], float]
CLASSIFICATION: dict[str, Metric] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "roc_auc": roc_auc,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
}
REGRESSION: dict[str, Metric] = {"rmse": rmse, "mae": mae, "r2": r2}
