"""Labelled predictions on their way through fetch, validate and prepare."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.compare import without
from pipeline.labelled import append
from pipeline.prepare import prepare
from pipeline.validate import validate
from project.errors import UserError
from project.settings.dataset import Dataset, Split, Validation
from project.settings.group import build
from project.tables import Contract, labelled_mark, labelled_rows, read_table, write_table

SPLIT = Split(max_rows=None, test_share=0.25, reference_rows=50)
DATASET = build(
    Dataset,
    {
        "name": "toy",
        "title": "Toys",
        "task": "classification",
        "target": {"name": "y", "classes": ["0", "1"]},
        "columns": {"x": {"type": "number", "max": 1000}, "on": {"type": "boolean"}},
        "ignore": ["id"],
    },
)


def raw(rows: int) -> pa.Table:
    """Return rows as a CSV file has them, an identity among them, no two alike."""
    numbers = list(range(rows))
    on = ["yes" if number % 3 else "no" for number in numbers]
    return pa.table({"id": numbers, "x": numbers, "on": on, "y": [n % 2 for n in numbers]})


def labelled(*values: float) -> pa.Table:
    """Return rows as the file of labelled predictions has them."""
    whole = {"x": list(values), "on": [True] * len(values), "y": ["1"] * len(values)}
    return pa.table(whole)


def split(count: int, *values: float) -> tuple[set[float], set[float]]:
    """Return the numbers of the rows to train on, and to test on."""
    table = append(raw(count), labelled(*values))
    table = table.replace_schema_metadata(labelled_mark(len(values)) or None)
    valid, _, contract, _ = validate(table, {}, DATASET, Validation(max_rejected=0.5))
    marked = valid.replace_schema_metadata(
        {b"contract": contract.to_json().encode(), **labelled_mark(labelled_rows(valid))}
    )
    train, test, _ = prepare(marked, SPLIT, seed=1)
    return {*train.column("x").to_pylist()}, {*test.column("x").to_pylist()}


def test_values_stay_what_they_are_whatever_type_the_file_has() -> None:
    table = append(raw(20), labelled(0.5, 7.0))
    valid, _, _, _ = validate(table, {}, DATASET, Validation(max_rejected=0.0))
    assert valid.slice(18).to_pylist() == [
        {"x": 18.0, "on": False, "y": "0"},
        {"x": 19.0, "on": True, "y": "1"},
        {"x": 0.5, "on": True, "y": "1"},
        {"x": 7.0, "on": True, "y": "1"},
    ]
    assert table.column("id").to_pylist()[-2:] == [None, None]


def test_a_column_that_the_data_has_no_more_is_named() -> None:
    with pytest.raises(UserError, match=r"feedback/labelled.parquet: column on is not in the data"):
        append(raw(20).drop_columns(["on"]), labelled(0.5))


def test_what_came_before_stays_in_its_part() -> None:
    train, test = split(40)
    more_train, more_test = split(40, *(number + 0.5 for number in range(20)))
    assert (len(train), len(test)) == (30, 10)
    assert train < more_train
    assert test < more_test
    assert (len(more_train), len(more_test)) == (45, 15)


def test_a_labelled_row_that_breaks_a_rule_is_set_aside_and_not_counted() -> None:
    train, test = split(40, 0.5, 5000.0, 1.5, 2.5, 3.5)
    assert 5000.0 not in train | test
    before = split(40)
    assert before[0] < train
    assert before[1] < test


def test_a_single_labelled_row_teaches() -> None:
    assert 0.5 in split(40, 0.5)[0]


def test_the_mark_is_kept_in_the_file_and_no_mark_changes_no_byte(folder: Path) -> None:
    contract = Contract("toy", "classification", "y", ["0", "1"], {"x": "number"}, {"x": "x"})
    for name, rows in (("none", 0), ("some", 3)):
        write_table(Path(name), raw(5), contract, rows)
    write_table(Path("plain"), raw(5), contract)
    assert labelled_rows(read_table(Path("some"))) == 3
    assert labelled_rows(read_table(Path("none"))) == 0
    assert Path("none").read_bytes() == Path("plain").read_bytes()


def test_rows_that_were_learned_from_are_left_out_of_a_comparison() -> None:
    test = pa.table({"x": [1.0, None, 3.0, 4.0], "y": ["a", "b", "c", "d"]})
    learned = pa.table({"x": [1.0, None, 3.0], "y": ["a", "b", "other"]})
    assert without(test, learned).to_pylist() == test.slice(2).to_pylist()
    assert without(test, test.drop_columns(["x"])).num_rows == 4  # of another contract
    with pytest.raises(UserError, match=r"neither model has learned from, .*: 0 of 4"):
        without(test, test)


def test_draws_are_what_they_were_without_labelled_rows() -> None:
    train, test = split(40)
    random = np.random.default_rng(1)
    expected: set[float] = set()
    for label in (0, 1):
        expected |= {*random.permutation(np.arange(40)[np.arange(40) % 2 == label])[:5].tolist()}
    assert test == expected
    assert not train & test
