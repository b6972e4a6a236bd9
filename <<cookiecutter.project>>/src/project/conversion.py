"""From the types that a file happened to have to the three that a model knows."""

from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from project.errors import UserError
from project.settings.group import ColumnType
from project.table_files import first_huge_integer

TRUE = ["true", "yes", "y", "t", "1", "1.0"]
FALSE = ["false", "no", "n", "f", "0", "0.0"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def convert(
    column: pa.ChunkedArray | pa.Array, kind: ColumnType, name: str
) -> tuple[pa.Array, Mask]:
    """Convert a column to its declared type; the mask marks values that cannot be converted.

    Missing stays missing; NaN counts as missing, an infinity as unreadable.
    Raises `UserError` where the column as a whole is of another type.
    """
    converted, unreadable = convert_values(column, kind, name)
    present = unreadable | ~np.asarray(converted.is_null())
    if unreadable.any() and (unreadable == present).all():
        row = int(np.flatnonzero(unreadable)[0])
        raise UserError(
            f"data: column {name}: expected a {kind}, found {column.type} "
            f"({column[row].as_py()!r} in row {row + 1})"
        )
    return converted, unreadable


def convert_values(
    column: pa.ChunkedArray | pa.Array, kind: ColumnType, name: str
) -> tuple[pa.Array, Mask]:
    """Convert as `convert` does, even where no value can be converted."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    try:
        if kind == "category":
            converted = labels_of(array)
        elif kind == "boolean":
            converted = _booleans(array)
        else:
            converted = _numbers(array, name)
    except pa.ArrowException:  # lists, maps, bytes that are no text
        raise UserError(f"data: column {name}: expected a {kind}, found {array.type}") from None
    present = ~np.asarray(array.is_null(nan_is_null=True))
    return converted, np.asarray(converted.is_null()) & present


def labels_of(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Write any values as strings: whole numbers without a point, booleans as true and false."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_floating(array.type):
        array = compute.if_else(compute.is_nan(array), None, array)
        whole = compute.and_(
            compute.equal(array, compute.floor(array)), compute.less(compute.abs(array), 2.0**63)
        )
        if compute.all(compute.fill_null(whole, True)).as_py():
            array = compute.cast(array, pa.int64())
    return compute.cast(array, pa.string())


def as_known(values: pa.Array, known: pa.Array) -> pa.Array:
    """Write whole numbers as training did, where it has not seen them as they are: 07 as 7."""
    distinct = values.unique().drop_null()
    unseen = distinct.filter(compute.invert(compute.is_in(distinct, known)))
    numeric = unseen.filter(compute.match_substring_regex(unseen, r"^\s*[+-]?\d+(\.\d*)?\s*$"))
    if not len(numeric):
        return values
    written = labels_of(compute.cast(compute.utf8_trim_whitespace(numeric), pa.float64()))
    places = compute.index_in(values, numeric)
    return compute.coalesce(written.take(places), values)


def _numbers(array: pa.Array, name: str) -> pa.Array:
    if pa.types.is_string(array.type):
        _refuse_huge_integers(array, name)
        trimmed = compute.utf8_trim_whitespace(array)
        number = compute.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
        array = compute.if_else(number, trimmed, None)
    elif pa.types.is_decimal(array.type):
        if array.type.scale == 0:
            _refuse_huge_integers(compute.cast(array, pa.string()), name)
    elif not (
        pa.types.is_integer(array.type)
        or pa.types.is_floating(array.type)
        or pa.types.is_null(array.type)
    ):
        raise UserError(f"data: column {name}: expected a number, found {array.type}")
    numbers = compute.cast(array, pa.float64(), safe=False)
    return compute.if_else(compute.is_finite(numbers), numbers, None)


def _refuse_huge_integers(texts: pa.Array, name: str) -> None:
    place = first_huge_integer(texts)
    if place is not None:
        raise UserError(
            f"data: column {name}, row {place + 1}: the integer {texts[place].as_py().strip()} is "
            "beyond 64 bits; write it as 1.8e19 if it is a quantity, put the column into "
            "dataset.ignore if it is an id"
        )


def _booleans(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return array
    words = compute.utf8_lower(compute.utf8_trim_whitespace(labels_of(array)))
    true, false = compute.is_in(words, pa.array(TRUE)), compute.is_in(words, pa.array(FALSE))
    return compute.if_else(true, True, compute.if_else(false, False, None))
