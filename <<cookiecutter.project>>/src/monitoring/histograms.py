"""Counts of a column's values, reference and current, of which batch after batch is forgotten."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from monitoring.batch import Array
from project.settings.group import ColumnType

#: A bin is held against its like where it may expect so many rows in the smaller of both samples.
ROWS_IN_BIN = 10
#: A category is held by itself where it may expect so many, and is one of so many most frequent.
ROWS_IN_CATEGORY = 5
MOST_CATEGORIES = 20
FEWER_BINS = (5, 4, 3, 2)
OTHER = "(other)"


@dataclass(frozen=True)
class Binned:
    """Counts by bin. names: categories, or edges of a number's bins, one more than bins.

    The outermost edges are finite, and their bins hold what lies beyond, too.
    """

    names: list[Any]
    reference: Array
    current: Array
    reference_missing: int
    current_missing: int
    unseen: int | None  # current values that the reference has not; None for a number


class NumberHistogram:
    """Counts between quantiles of the reference, as float32: so the model sees a number."""

    def __init__(self, reference: pa.ChunkedArray, bins: int) -> None:
        self._values = _floats(reference)
        present = self._values[~np.isnan(self._values)]
        sizes = [bins, *(size for size in FEWER_BINS if size < bins)]
        self._cuts = {size: _quantiles(present, size) for size in sizes}
        self._fine = np.unique(np.concatenate(list(self._cuts.values())))
        self._reference, self._reference_missing = self._count(self._values)
        self._current, self._current_missing = np.zeros_like(self._reference), 0

    def add(self, column: pa.ChunkedArray) -> None:
        """Count more of the current values."""
        counts, missing = self._count(_floats(column))
        self._current += counts
        self._current_missing += missing

    def binned(self, evidence: float) -> Binned:
        """Return the counts in as many bins as the smaller sample bears; `evidence`: its rows."""
        rows = min(evidence, len(self._values))
        size = next((size for size in self._cuts if rows / size >= ROWS_IN_BIN), min(self._cuts))
        cuts = self._cuts[size]
        # Each fine bin ends where it belongs: at its own upper cut.
        place = np.append(np.searchsorted(cuts, self._fine, side="left"), len(cuts))
        return Binned(
            self._edges(cuts),
            np.bincount(place, self._reference, len(cuts) + 1),
            np.bincount(place, self._current, len(cuts) + 1),
            self._reference_missing,
            self._current_missing,
            None,
        )

    def _edges(self, cuts: Array) -> list[float]:
        ends = self._values[~np.isnan(self._values)]
        low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 1.0)
        inner = [float(cut) for cut in cuts]
        beyond = (high - low) / 10 or 1.0  # where the first or last cut is the end itself
        first = low if not inner or low < inner[0] else inner[0] - beyond
        last = high if not inner or high > inner[-1] else inner[-1] + beyond
        return [first, *inner, last if last > first else first + beyond]

    def _count(self, values: Array) -> tuple[Array, int]:
        missing = np.isnan(values)
        places = np.searchsorted(self._fine, values[~missing], side="left")
        return np.bincount(places, minlength=len(self._fine) + 1), int(missing.sum())


class CategoryHistogram:
    """Counts of the values that the reference has, and of all others together."""

    def __init__(self, reference: pa.ChunkedArray) -> None:
        values = _texts(reference)
        self._known = values.unique().drop_null()
        self._reference, _, self._reference_missing = self._count(values)
        self._current = np.zeros_like(self._reference)
        self._unseen = self._current_missing = 0

    def add(self, column: pa.ChunkedArray) -> None:
        """Count more of the current values."""
        counts, unseen, missing = self._count(_texts(column))
        self._current += counts
        self._unseen += unseen
        self._current_missing += missing

    def binned(self, evidence: float) -> Binned:
        """Return the counts of frequent categories, and of all others as one."""
        now = self._current.sum() + self._unseen + self._current_missing
        weighted = self._current * (evidence / max(now, 1))
        rows = self._reference.sum() + self._reference_missing
        expected = (self._reference + weighted) * min(rows, evidence) / (rows + evidence)
        frequent = np.argsort(-expected, kind="stable")[:MOST_CATEGORIES]
        kept = np.sort(frequent[expected[frequent] >= ROWS_IN_CATEGORY])
        rest = np.delete(np.arange(len(self._known)), kept)
        other = self._reference[rest].sum(), self._current[rest].sum() + self._unseen
        others = slice(0, int(any(other)))
        return Binned(
            [*self._known.take(pa.array(kept)).to_pylist(), *[OTHER][others]],
            np.append(self._reference[kept], other[:1][others]),
            np.append(self._current[kept], other[1:][others]),
            self._reference_missing,
            self._current_missing,
            self._unseen,
        )

    def _count(self, values: pa.Array) -> tuple[Array, int, int]:
        places = compute.index_in(values, self._known)
        found = places.drop_null().to_numpy()
        missing = values.null_count
        counts = np.bincount(found, minlength=len(self._known))
        return counts, len(values) - missing - len(found), missing


Histogram = NumberHistogram | CategoryHistogram


def histogram(reference: pa.ChunkedArray, kind: ColumnType, bins: int) -> Histogram:
    """Return a histogram that has counted the reference."""
    return NumberHistogram(reference, bins) if kind == "number" else CategoryHistogram(reference)


def _quantiles(present: Array, bins: int) -> Array:
    """Return values of the reference that part it in so many; fewer where values are repeated."""
    if not len(present):
        return np.empty(0, np.float32)
    shares = np.arange(1, bins) / bins
    return np.unique(np.quantile(present, shares, method="inverted_cdf"))


def _floats(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.to_numpy(), np.float32)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return compute.cast(array, pa.string())  # true and false, where it holds booleans
