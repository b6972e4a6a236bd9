"""Rows that the service saw, or that a file holds, a batch at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Batch:
    """Some rows, in the order in which they came.

    table: the columns that are recorded, each of its type, and the model's answer.
    times: (rows,) seconds since 1970, None where rows have no time.
    keys: (rows,) request id and record, as labels name them; None where rows have none.
    scores: (rows, classes) probabilities or (rows,) numbers; None where they are not asked for.
    """

    table: pa.Table
    times: Array | None = None
    keys: pa.Array | None = None
    scores: Array | None = None


@dataclass
class Tally:
    """What was met: rows, where no other thing is named."""

    used: int = 0
    unreadable: int = 0  # lines cut short, too long, or of another shape
    other_models: int = 0
    outside: int = 0  # before the window
    ahead: int = 0  # dated after now
    columns: set[str] = field(default_factory=set)  # seen in any row


class Rows(Protocol):
    """A source of rows; the tally is whole once the batches have been read."""

    tally: Tally

    def batches(self) -> Iterator[Batch]:
        """Yield the rows."""
