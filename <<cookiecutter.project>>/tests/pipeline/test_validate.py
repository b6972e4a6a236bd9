"""Each row is held against its rules; what breaks the table is refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from pipeline import validate as stage
from pipeline.validate import validate
from project.artefacts import ORIGIN, RAW, REJECTED, VALID, VALIDATION
from project.errors import UserError
from project.files import read_json, write_json
from project.settings.dataset import Dataset, Validation
from project.settings.group import build
from project.tables import contract_of, labelled_mark, read_table

ROWS = 40
SETTINGS = {"max_rejected": 0.05}

DATASET: dict[str, Any] = {
    "name": "loans",
    "title": "Loans",
    "task": "classification",
    "target": {"name": "default", "classes": ["no", "yes"]},
    "columns": {
        "amount": {"type": "number", "min": 0, "max": 1000, "missing": False},
        "income": {"type": "number"},
        "owner": {"type": "boolean"},
        "region": {"type": "category", "values": ["north", "south"]},
    },
    "ignore": ["id"],
}

TABLE: dict[str, list[Any]] = {
    "id": list(range(ROWS)),
    "amount": [float(row) for row in range(ROWS)],
    "income": [None if row % 10 == 0 else row for row in range(ROWS)],
    "owner": ["yes" if row % 3 else "no" for row in range(ROWS)],
    "region": ["north" if row % 2 else "south" for row in range(ROWS)],
    "default": ["yes" if row % 4 == 0 else "no" for row in range(ROWS)],
}

SET_ASIDE = {
    "a number below its minimum": ("amount", -1.0, "amount: below 0"),
    "a number above its maximum": ("amount", 2000.0, "amount: above 1000"),
    "a missing value where none may be": ("amount", None, "amount: missing"),
    "an infinity": ("income", float("inf"), "income: not a number"),
    "a word that is neither yes nor no": ("owner", "maybe", "owner: not a boolean"),
    "a category that is not listed": ("region", "east", "region: unknown value"),
    "a class that is not listed": ("default", "perhaps", "default: unknown class"),
}


def without(name: str) -> dict[str, list[Any]]:
    return {column: values for column, values in TABLE.items() if column != name}


REFUSED: dict[str, tuple[dict[str, list[Any]], str]] = {
    "no target column": (without("default"), "dataset.target.name: the data has no column default"),
    "a column missing": (without("amount"), "dataset.columns: not in the data: amount"),
    "a column more": (TABLE | {"age": [1] * ROWS}, "more columns than expected: age; add each"),
    "a column of another type": (
        TABLE | {"amount": ["a lot"] * ROWS},
        "column amount: expected a number, found string ('a lot' in row 1)",
    ),
    "a column without any value": (
        TABLE | {"income": [None] * ROWS},
        "column income: every value is missing",
    ),
    "a column of NaN": (
        TABLE | {"income": [float("nan")] * ROWS},
        "column income: every value is missing",
    ),
    "one class only": (TABLE | {"default": ["no"] * ROWS}, "has one class only (no)"),
    "a class with too few rows": (
        TABLE | {"default": ["yes"] * 3 + ["no"] * (ROWS - 3)},
        "class 'yes' of default has 3 rows; training, early stopping and test need 4 of each",
    ),
    "a target with a gap": (
        TABLE | {"default": [*TABLE["default"][:5], None, *TABLE["default"][6:]]},
        "target default is missing in 1 rows, first in row 6",
    ),
    "too many rows that break a rule": (
        TABLE | {"amount": [-1.0] * 5 + TABLE["amount"][5:]},
        "5 of 40 rows break a rule, more than validation.max_rejected (0.05) lets through; "
        "first: row 1: amount: below 0 (-1.0)",
    ),
    "an integer beyond 64 bits": (
        TABLE | {"income": ["1"] * (ROWS - 1) + ["18446744073709551616"]},
        "column income, row 40: the integer 18446744073709551616 is beyond 64 bits",
    ),
}

REGRESSION: dict[str, Any] = DATASET | {
    "task": "regression",
    "target": {"name": "income"},
    "columns": {"amount": {"type": "number"}},
    "ignore": ["id", "owner", "region", "default"],
}

REFUSED_REGRESSION: dict[str, tuple[dict[str, list[Any]], str]] = {
    "a target with NaN": (
        TABLE | {"income": [float("nan"), *map(float, range(1, ROWS))]},
        "target income is missing in 1 rows, first in row 1",
    ),
    "a word in the target": (
        TABLE | {"income": ["1", "much", *["3"] * (ROWS - 2)]},
        "target income, row 2: expected a number, found 'much'",
    ),
    "fewer rows than the stages need": (
        {name: values[1:9] for name, values in TABLE.items()},
        "8 valid rows; training, early stopping and test need 12",
    ),
}


def test_valid_rows_have_the_contracts_types_and_order() -> None:
    raw = pa.table(TABLE)

    valid, rejected, contract, report = validate(
        raw, {"amount": "Amount (€)"}, build(Dataset, DATASET), Validation(**SETTINGS)
    )

    assert valid.column_names == ["amount", "income", "owner", "region", "default"]
    assert valid.schema.types == [
        pa.float64(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        pa.string(),
    ]
    assert (valid.num_rows, rejected.num_rows) == (ROWS, 0)
    assert contract.classes == ["no", "yes"]
    assert contract.sources["amount"] == "Amount (€)"
    assert report["columns"]["income"]["missing"] == 4


@pytest.mark.parametrize("case", SET_ASIDE)
def test_it_sets_aside_the_row_with(case: str) -> None:
    column, value, reason = SET_ASIDE[case]
    values = [*TABLE[column][:7], value, *TABLE[column][8:]]

    valid, rejected, _, report = validate(
        pa.table(TABLE | {column: values}), {}, build(Dataset, DATASET), Validation(**SETTINGS)
    )

    assert valid.num_rows == ROWS - 1
    assert rejected.column("id").to_pylist() == [7]
    assert rejected.column("rejected_because").to_pylist() == [reason]
    assert report["rules_broken"] == {reason: 1}


def test_a_labelled_prediction_that_breaks_a_rule_is_named_as_one() -> None:
    amounts = [*TABLE["amount"][:-5], 1.0, *[-1.0] * 4]
    raw = pa.table(TABLE | {"amount": amounts}).replace_schema_metadata(labelled_mark(5))

    with pytest.raises(UserError, match=r"first: row 2 of feedback/labelled.parquet: amount: bel"):
        validate(raw, {}, build(Dataset, DATASET), Validation(**SETTINGS))


def test_an_id_beyond_64_bits_may_be_ignored() -> None:
    ids = ["18446744073709551616"] * ROWS

    valid, _, _, _ = validate(
        pa.table(TABLE | {"id": ids}), {}, build(Dataset, DATASET), Validation(**SETTINGS)
    )

    assert valid.num_rows == ROWS


def test_a_numeric_target_of_classes_is_matched_as_text() -> None:
    dataset = DATASET | {"target": {"name": "default", "classes": ["0", "1"]}}
    target = [float(row % 4 == 0) for row in range(ROWS)]

    valid, _, _, _ = validate(
        pa.table(TABLE | {"default": target}), {}, build(Dataset, dataset), Validation(**SETTINGS)
    )

    assert set(valid.column("default").to_pylist()) == {"0", "1"}


def test_the_contract_travels_with_the_valid_rows(folder: Path) -> None:
    settings(folder, DATASET, TABLE)

    stage.main()

    assert contract_of(read_table(VALID)).columns["owner"] == "boolean"
    assert read_table(REJECTED).num_rows == 0
    assert read_json(VALIDATION)["rows"] == {"valid": ROWS, "rejected": 0}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, folder: Path, refusal: Callable[..., str]) -> None:
    table, expected = REFUSED[case]
    settings(folder, DATASET, TABLE)
    stage.main()
    settings(folder, DATASET, table)

    assert expected in refusal(stage.main)


@pytest.mark.parametrize("case", REFUSED_REGRESSION)
def test_it_refuses_to_regress(case: str, folder: Path, refusal: Callable[..., str]) -> None:
    table, expected = REFUSED_REGRESSION[case]
    settings(folder, REGRESSION, table)

    assert expected in refusal(stage.main)


def settings(folder: Path, dataset: dict[str, Any], table: dict[str, list[Any]]) -> None:
    groups = {"dataset": dataset, "validation": SETTINGS}
    (folder / "params.yaml").write_text(yaml.safe_dump(groups))
    RAW.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(table), RAW)
    write_json(ORIGIN, {"columns": {name: name for name in table}})
