"""Rows on their way to the model: every request becomes two matrices, however it was written."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Matrix = np.ndarray[Any, Any]


class Layout(NamedTuple):
    """Which column stands where: numbers, then booleans, in one matrix; categories in another."""

    numbers: tuple[str, ...]
    booleans: tuple[str, ...]
    categories: tuple[str, ...]
    floats: tuple[str, ...]

    @classmethod
    def of(cls, columns: dict[str, str]) -> "Layout":
        """Lay out a contract's columns."""

        def kind(name: str) -> tuple[str, ...]:
            return tuple(column for column, is_a in columns.items() if is_a == name)

        numbers, booleans = kind("number"), kind("boolean")
        return cls(numbers, booleans, kind("category"), numbers + booleans)


class Rows(NamedTuple):
    """The input of a request, or of several.

    floats: (rows, numbers + booleans) float32, NaN where missing.
    texts: (rows, categories) of str, "" where missing.
    """

    floats: Matrix
    texts: Matrix

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.floats)

    def feed(self, layout: Layout) -> dict[str, Matrix]:
        """Return one array of shape (rows, 1) for each column, as the graph takes them."""
        # Column by column in memory, so that onnxruntime copies none of them again.
        columns = np.ascontiguousarray(self.floats.T)[:, :, None]
        feed = dict(zip(layout.floats, columns, strict=True))
        for place, name in enumerate(layout.categories):
            feed[name] = self.texts[:, place : place + 1]
        return feed


def join(parts: Sequence[Rows]) -> Rows:
    """Put the rows of several requests below one another."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        np.concatenate([part.floats for part in parts]),
        np.concatenate([part.texts for part in parts]),
    )
