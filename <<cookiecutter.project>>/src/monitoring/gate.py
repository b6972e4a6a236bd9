"""Has a column drifted? The population stability index of all rows, against what chance gives."""

from dataclasses import dataclass

import numpy as np

from monitoring.batch import Array
from monitoring.histograms import Binned
from project.settings.group import ColumnType
from project.settings.monitoring import Drift

TEST = "psi"
#: Added to each count, so that an empty bin has a logarithm (Laplace). With half of it, as many do,
#: samples of fifty rows exceed their threshold half as often again as they may.
PRIOR = 1.0


@dataclass(frozen=True)
class Judged:
    """A column with its score; it has drifted where that reaches the threshold."""

    name: str
    kind: ColumnType
    score: float
    threshold: float
    binned: Binned

    @property
    def drifted(self) -> bool:
        """Say whether it has."""
        return bool(self.score >= self.threshold)


def judge(
    name: str, kind: ColumnType, binned: Binned, evidence: float, tests: int, settings: Drift
) -> Judged:
    """Hold a column against the reference.

    evidence: how many rows the current ones are worth. tests: how many columns share the level.
    Missing values are a bin of their own, as are all categories that are rare or unseen.
    """
    reference = np.append(binned.reference, binned.reference_missing).astype(np.float64)
    current = np.append(binned.current, binned.current_missing).astype(np.float64)
    current *= evidence / max(current.sum(), 1)
    used = reference + current > 0
    score = psi(reference[used], current[used])
    chance = noise(int(used.sum()), reference.sum(), evidence, settings.false_alarms / tests)
    return Judged(name, kind, score, max(settings.floor, chance), binned)


def psi(reference: Array, current: Array) -> float:
    """Return the population stability index of two arrays of counts (Siddiqi 2006).

    It is the divergence of Jeffreys 1946: the sum of (p - q) ln(p / q) over the bins.
    """
    p, q = (counts + PRIOR for counts in (reference, current))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def noise(bins: int, reference: float, current: float, level: float) -> float:
    """Return what the index of two samples of one population exceeds by this chance.

    Divided by 1 / reference + 1 / current, both in rows, it has the chi-squared distribution with
    bins - 1 degrees of freedom (Yurdakul and Naranjo 2020).
    """
    if bins < 2:
        return 0.0
    from scipy.special import chdtri  # scipy.stats would take a second to import

    return float(chdtri(bins - 1, level) * (1 / max(reference, 1) + 1 / max(current, 1)))
