"""Values of any type become numbers, booleans and categories, or are marked as none."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from project.conversion import convert
from project.errors import UserError
from project.settings.group import ColumnType

CONVERTED: dict[str, tuple[pa.Array, ColumnType, list[object]]] = {
    "integers are numbers": (pa.array([1, None]), "number", [1.0, None]),
    "NaN is a missing number": (pa.array([1.5, float("nan")]), "number", [1.5, None]),
    "texts of numbers are numbers": (
        pa.array([" 1.5", "-2e3", None]),
        "number",
        [1.5, -2000, None],
    ),
    "decimals are numbers": (pa.array([Decimal("1.50"), None]), "number", [1.5, None]),
    "a column without values is missing numbers": (pa.nulls(2), "number", [None, None]),
    "booleans stay": (pa.array([True, None]), "boolean", [True, None]),
    "yes and no are booleans": (pa.array(["Yes", " no", None]), "boolean", [True, False, None]),
    "zero and one are booleans": (pa.array([0, 1]), "boolean", [False, True]),
    "floats of zero and one are booleans": (
        pa.array([0.0, 1.0, None]),
        "boolean",
        [False, True, None],
    ),
    "texts stay categories": (pa.array(["a", None]), "category", ["a", None]),
    "integers are categories": (pa.array([7, None]), "category", ["7", None]),
    "whole floats are categories without a point": (pa.array([7.0, None]), "category", ["7", None]),
    "NaN is a missing category": (pa.array([7.0, float("nan")]), "category", ["7", None]),
    "fractions are categories": (pa.array([7.5, 8.0]), "category", ["7.5", "8"]),
    "booleans are categories": (pa.array([True, False]), "category", ["true", "false"]),
}

UNREADABLE: dict[str, tuple[pa.Array, ColumnType, list[bool]]] = {
    "a word among numbers": (pa.array(["1", "n/k", None]), "number", [False, True, False]),
    "an infinity": (pa.array([1.0, float("inf")]), "number", [False, True]),
    "a decimal comma": (pa.array(["1.5", "1,5"]), "number", [False, True]),
    "a word that is neither yes nor no": (pa.array(["yes", "maybe"]), "boolean", [False, True]),
    "two among zero and one": (pa.array([0, 1, 2]), "boolean", [False, False, True]),
}

REFUSED: dict[str, tuple[pa.Array, ColumnType, str]] = {
    "words as a number": (
        pa.array(["a", "b"]),
        "number",
        "column x: expected a number, found string ('a' in row 1)",
    ),
    "booleans as a number": (pa.array([True]), "number", "expected a number, found bool"),
    "dates as a number": (
        pa.array([datetime.date(2026, 1, 1)]),
        "number",
        "expected a number, found date32",
    ),
    "lists as a category": (pa.array([[1]]), "category", "expected a category, found list"),
    "numbers as a boolean": (
        pa.array([3, 4]),
        "boolean",
        "expected a boolean, found int64 (3 in row 1)",
    ),
    "an integer beyond 64 bits": (
        pa.array(["1", "9223372036854775808"]),
        "number",
        "row 2: the integer 9223372036854775808 is beyond 64 bits",
    ),
    "a decimal beyond 64 bits": (pa.array([Decimal(2**63)]), "number", "beyond 64 bits"),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_it_converts(case: str) -> None:
    values, kind, expected = CONVERTED[case]

    converted, unreadable = convert(values, kind, "x")

    assert converted.to_pylist() == expected
    assert not unreadable.any()


@pytest.mark.parametrize("case", UNREADABLE)
def test_it_marks(case: str) -> None:
    values, kind, expected = UNREADABLE[case]

    _, unreadable = convert(values, kind, "x")

    assert unreadable.tolist() == expected


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    values, kind, expected = REFUSED[case]

    with pytest.raises(UserError) as refused:
        convert(values, kind, "x")

    assert expected in str(refused.value)
