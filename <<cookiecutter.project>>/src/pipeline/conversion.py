"""From the types that a file happened to have to the three that a model knows."""

from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from pipeline.tables import ColumnType
from project.errors import UserError

TRUE = ["true", "yes", "y", "t", "1", "1.0"]
FALSE = ["false", "no", "n", "f", "0", "0.0"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def convert(column: pa.ChunkedArray, kind: ColumnType, name: str) -> tuple[pa.Array, Mask]:
    """Convert a column to its declared type; the mask marks values that cannot be converted.

    Missing stays missing; NaN and infinities in numbers count as missing and unreadable.
    Raises `UserError` where the column as a whole is of another type.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind == "category":
        converted = labels_of(array)
    elif kind == "boolean":
        converted = _booleans(array)
    else:
        converted = _numbers(array, name)
    unreadable = np.asarray(converted.is_null()) & ~np.asarray(array.is_null(nan_is_null=True))
    if unreadable.any() and unreadable.sum() >= len(array) - array.null_count:
        row = int(np.flatnonzero(unreadable)[0])
        raise UserError(
            f"data: column {name}: expected a {kind}, found {array.type} "
            f"({array[row].as_py()!r} in row {row + 1})"
        )
    return converted, unreadable


def labels_of(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Write any values as strings: whole numbers without a point, booleans as true and false."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_floating(array.type):
        whole = compute.equal(array, compute.floor(array))
        if compute.all(compute.fill_null(whole, True)).as_py():
            array = compute.cast(array, pa.int64(), safe=False)
    return compute.cast(array, pa.string())


def _numbers(array: pa.Array, name: str) -> pa.Array:
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        trimmed = compute.utf8_trim_whitespace(array)
        number = compute.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        array = compute.if_else(number, trimmed, None)
    elif not (
        pa.types.is_integer(array.type)
        or pa.types.is_floating(array.type)
        or pa.types.is_decimal(array.type)
        or pa.types.is_null(array.type)
    ):
        raise UserError(f"data: column {name}: expected a number, found {array.type}")
    numbers = compute.cast(array, pa.float64(), safe=False)
    return compute.if_else(compute.is_finite(numbers), numbers, None)


def _booleans(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return array
    words = compute.utf8_lower(compute.utf8_trim_whitespace(labels_of(array)))
    true, false = compute.is_in(words, pa.array(TRUE)), compute.is_in(words, pa.array(FALSE))
    return compute.if_else(true, True, compute.if_else(false, False, None))
