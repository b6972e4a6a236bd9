"""Holding a graph's answers against the truth."""

import numpy as np

from project.metrics import Array, Scored
from project.onnx_model import Predictions


def hold_against(truth: Array, answer: Predictions, classes: list[str] | None) -> Scored:
    """Pair the truth (class indices or numbers, shape (rows,)) with what the graph answered."""
    if classes is None or answer.label is None:
        return Scored(truth, answer.scores)
    order = np.argsort(classes)
    place = np.searchsorted(np.array(classes)[order], answer.label.astype(str))
    return Scored(truth, answer.scores, order[place])
