"""What a column is, told by its values; what says nothing is left out, with the reason."""

import datetime
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onboarding.inference import decide

ROWS = 60
RANDOM = np.random.default_rng(0)

# the column's name, its values, its type, its rules
LEARNT_FROM: dict[str, tuple[str, list[Any], str, dict[str, Any]]] = {
    "fractions": ("x", RANDOM.normal(size=ROWS).tolist(), "number", {"missing": False}),
    "numbers from zero up": (
        "age",
        RANDOM.integers(0, 90, ROWS).tolist(),
        "number",
        {"min": 0, "missing": False},
    ),
    "numbers with gaps": (
        "age",
        [None, *RANDOM.integers(1, 90, ROWS).tolist()],
        "number",
        {"min": 0},
    ),
    "numbers with NaN": ("x", [float("nan"), *range(3), 1, 1, 1], "number", {"min": 0}),
    "whole numbers that happen not to repeat": (
        "salary",
        RANDOM.permutation(100_000)[:ROWS].tolist(),
        "number",
        {"min": 0, "missing": False},
    ),
    "years": (
        "built",
        RANDOM.integers(1900, 2026, ROWS).tolist(),
        "number",
        {"min": 0, "missing": False},
    ),
    "true and false": ("a", [True, False] * 9, "boolean", {"missing": False}),
    "yes and no": ("a", ["Yes", "no", None] * 9, "boolean", {}),
    "zero and one": ("a", [0, 1] * 9, "boolean", {"missing": False}),
    "few texts": ("region", ["north", "south", "east"] * 9, "category", {"missing": False}),
    "codes that begin with 0": ("plz", ["01067", "80331", None] * 9, "category", {}),
    "one text or none": ("flag", ["x", None, None] * 9, "category", {}),
}

LEFT_OUT: dict[str, tuple[str, list[Any], str]] = {
    "nothing": ("a", [None] * ROWS, "every value is missing"),
    "nothing but NaN": ("a", [float("nan")] * ROWS, "every value is missing"),
    "one number": ("a", [3] * ROWS, "the same value in every row"),
    "one number and gaps": ("a", [3, None] * ROWS, "the same value in every row that has one"),
    "row numbers": ("a", list(range(ROWS)), "an id"),
    "shuffled row numbers": ("a", RANDOM.permutation(ROWS).tolist(), "an id"),
    "rising numbers": ("a", sorted(RANDOM.permutation(9999)[:ROWS].tolist()), "an id"),
    "numbers that are named an id": (
        "customer_id",
        RANDOM.permutation(9999)[:ROWS].tolist(),
        "an id",
    ),
    "long numbers": ("a", (RANDOM.permutation(9999)[:ROWS] + 10**8).tolist(), "an id"),
    "different texts": ("a", [f"K{row:04}" for row in range(ROWS)], "an id"),
    "uuids, some twice": ("a", [str(uuid.UUID(int=row // 2)) for row in range(ROWS)], "uuids"),
    "free text": ("a", [f"thing {row // 2}" for row in range(2 * ROWS)], "60 different texts"),
    "dates": ("a", [datetime.date(2026, 1, 1 + row % 28) for row in range(ROWS)], "a date"),
    "moments": ("a", [datetime.datetime(2026, 1, 1 + row % 28) for row in range(ROWS)], "a date"),
    "dates as text": ("a", [f"{1 + row % 28}.01.2026" for row in range(ROWS)], "a date"),
    "dates as numbers": ("a", [20260101 + row % 28 for row in range(ROWS)], "a date"),
    "times as text": ("a", [f"{row % 24}:30" for row in range(ROWS)], "a date"),
    "integers beyond 64 bits": (
        "a",
        [str(2**64 + row % 3) for row in range(ROWS)],
        "beyond 64 bits",
    ),
    "many codes that begin with 0": (
        "plz",
        [f"{row // 2:05}" for row in range(2 * ROWS)],
        "60 different codes, as 00000 begins with 0",
    ),
    "lists": ("a", [[1, 2]] * ROWS, "no model here takes it"),
}


@pytest.mark.parametrize("case", LEARNT_FROM)
def test_it_learns_from(case: str) -> None:
    name, values, kind, rules = LEARNT_FROM[case]

    decision = decide(pa.chunked_array([values]), name, name)

    assert (decision.type, decision.rules) == (kind, rules)


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        (["Bonn", "Berlin", "berlin"] * 9, "'Berlin' and 'berlin' differ in case or blanks alone"),
        (["ja", " ja", "nein"] * 9, "'ja' and ' ja' differ in case or blanks alone"),
        (["01067", "80331"] * 9, "codes, as 01067 begins with 0"),
        (["Bonn", "Berlin"] * 9, ""),
    ],
)
def test_it_remarks_upon(values: list[str], remark: str) -> None:
    decision = decide(pa.chunked_array([values]), "a", "a")

    assert (decision.type, decision.remark) == ("category", remark)
    assert decision.why.startswith(remark)


@pytest.mark.parametrize("case", LEFT_OUT)
def test_it_leaves_out(case: str) -> None:
    name, values, why = LEFT_OUT[case]

    decision = decide(pa.chunked_array([values]), name, name)

    assert decision.type is None
    assert why in decision.why
