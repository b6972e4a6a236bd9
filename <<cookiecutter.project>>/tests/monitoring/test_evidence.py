"""Rows that are sent again, changed a little or not, are worth what they would be once."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring.evidence import Evidence

NAMES = [*"abcdefg", "kind"]


def rows(count: int, seed: int) -> pa.Table:
    """Draw rows of seven numbers and a category."""
    random = np.random.default_rng(seed)
    numbers = {name: random.normal(size=count) for name in NAMES[:-1]}
    return pa.table({**numbers, "kind": random.choice(list("xyz"), count)})


def worth(now: pa.Table, columns: list[str] | None = None) -> float:
    """Return what rows are worth against a reference of 500."""
    names = columns or NAMES
    evidence = Evidence(rows(500, 1).select(names), names)
    evidence.add(now.select(names))
    return evidence.rows(set(names))


def test_rows_that_are_drawn_anew_are_worth_what_they_are() -> None:
    assert worth(rows(300, 2)) == 300
    assert worth(rows(3000, 2), ["kind"]) == 3000  # alike by nature


@pytest.mark.parametrize("changed", [0, 1])
def test_rows_that_come_again_are_worth_one_each(changed: int) -> None:
    table = pa.concat_tables([rows(40, 2)] * 25)
    for place in range(changed):
        noise = pa.array(np.random.default_rng(place).normal(size=1000))
        table = table.set_column(place, NAMES[place], noise)

    assert worth(table) == pytest.approx(40, abs=1)


def test_columns_that_are_stuck_repeat_no_row() -> None:
    table = rows(1000, 2)
    for place in (0, 7):
        stuck = pa.array([0.0] * 1000) if place == 0 else pa.array(["x"] * 1000)
        table = table.set_column(place, NAMES[place], stuck)

    assert worth(table) == 1000
