"""Values as JSON has them, as a column of the contract's type."""

import re
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.watched import Watched, cut, digest
from project.settings.group import ColumnType

_TYPES: dict[str, frozenset[type]] = {
    "number": frozenset({float, int, type(None)}),
    "boolean": frozenset({bool, type(None)}),
    "category": frozenset({str, type(None)}),
}


class MistypedError(Exception):
    """A value is not of its column's type; the message names the column."""


def column_of(values: list[Any], kind: ColumnType, name: str, watched: Watched) -> pa.Array:
    """Return values as float64, bool or string; None, NaN and infinities become missing."""
    if name in watched.hashed:  # some may have been recorded before it was
        values = [v if _is_digest(v) else digest(v) for v in values]
    found = set(map(type, values))
    if not found <= _TYPES[kind]:
        wrong = next(value for value in values if type(value) not in _TYPES[kind])
        raise MistypedError(f"column {name}: expected a {kind}, found {repr(wrong)[:60]}")
    if kind == "number":
        numbers = np.array(values, np.float64)
        numbers[~np.isfinite(numbers)] = np.nan
        return pa.array(numbers, from_pandas=True)
    return cut(pa.array(values, pa.bool_() if kind == "boolean" else pa.string()))


def _is_digest(value: Any) -> bool:
    return type(value) is str and re.fullmatch("[0-9a-f]{16}", value) is not None
