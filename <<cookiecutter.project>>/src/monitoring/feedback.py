"""Recorded predictions with their labels, as rows to learn from: `make retrain` runs this.

`python -m monitoring.feedback LABELS PREDICTIONS` adds to feedback/labelled.parquet those that are
not there yet. What is there stays: the service removes its oldest files in time.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from monitoring.lines import lines
from project.artefacts import FEEDBACK
from project.errors import UserError, one_line
from project.loading import load
from project.settings.dataset import Dataset
from project.settings.group import ColumnType
from project.settings.serving import Serving
from project.tables import LABELLED_KEYS as KEYS
from project.tables import keep_pandas_out, read_table, write_table

TYPES = {"number": pa.float64(), "boolean": pa.bool_(), "category": pa.string()}
PYTHON = {"number": (float, int), "boolean": (bool,), "category": (str,)}
Key = tuple[str, int]
Row = dict[str, Any]


def labelled(
    labels: pa.Table, files: list[Path], dataset: Dataset, before: pa.Table | None
) -> tuple[pa.Table, int]:
    """Return the rows known before and those that labels have come for, and how many could not be.

    Rows have the keys, the model's columns and the target, in the order of their keys. A record
    that has not the model's columns, each of its type, is left out and counted.
    """
    truth = {
        (request, record): label
        for request, record, label in zip(
            *(labels.column(name).to_pylist() for name in ("request_id", "record", "label")),
            strict=True,
        )
    }
    known = before.to_pylist() if before is not None else []
    rows: dict[Key, Row] = {(row[KEYS[0]], row[KEYS[1]]): row for row in known}
    unfit = 0
    for key, record in _recorded(files, truth):
        if not _fits(record, dataset):
            unfit += 1
            continue
        rows[key] = dict(zip(KEYS, key, strict=True)) | record | {dataset.target.name: truth[key]}
    schema = _schema(dataset)
    ordered = [rows[key] for key in sorted(rows)]
    return pa.Table.from_pylist(ordered, schema=schema), unfit


def _schema(dataset: Dataset) -> pa.Schema:
    kinds: dict[str, ColumnType] = {name: spec.type for name, spec in dataset.columns.items()}
    kinds[dataset.target.name] = "category" if dataset.target.classes else "number"
    keys = [pa.field(KEYS[0], pa.string()), pa.field(KEYS[1], pa.int64())]
    return pa.schema([*keys, *(pa.field(name, TYPES[kind]) for name, kind in kinds.items())])


def _recorded(files: list[Path], truth: dict[Key, Any]) -> Iterator[tuple[Key, Any]]:
    """Yield what was asked in those requests that a label names."""
    wanted = {request for request, _ in truth}
    for file in files:
        for line in lines(file):
            try:
                said = orjson.loads(line or b"")
                request, inputs = said["request_id"], said["inputs"]
                if request not in wanted:
                    continue
                found = [((request, place), record) for place, record in enumerate(inputs)]
            except (ValueError, LookupError, TypeError):
                continue  # cut short; make drift counts them
            yield from (one for one in found if one[0] in truth)


def _fits(record: Any, dataset: Dataset) -> bool:
    if not isinstance(record, dict) or record.keys() != dataset.columns.keys():
        return False
    return all(
        record[name] is None or type(record[name]) in PYTHON[spec.type]
        for name, spec in dataset.columns.items()
    )


def refuse_hidden_columns(serving: Serving) -> None:
    """Raise `UserError` where predictions are recorded without what a model would learn from."""
    hidden = [*serving.recording.hashed, *serving.recording.left_out]
    if hidden:
        raise UserError(
            f"conf/monitoring.yaml: retrain.labelled: {hidden[0]} is hashed or left out where "
            "predictions are recorded (serving.recording), and rows without it teach nothing"
        )


def main() -> None:
    """Add what labels have come for."""
    label_file, folder = map(Path, sys.argv[1:])
    refuse_hidden_columns(load("serving", Serving))
    if not label_file.exists():
        print("no labels have come: make labels FILE=labels.csv")
        return
    before = read_table(FEEDBACK) if FEEDBACK.exists() else None
    table, unfit = labelled(
        read_table(label_file), sorted(folder.glob("*.jsonl")), load("dataset", Dataset), before
    )
    added = table.num_rows - (before.num_rows if before is not None else 0)
    if before is None or not table.equals(before):
        write_table(FEEDBACK, table)
    aside = f"; {unfit:,} have other columns than the model and are left out" if unfit else ""
    print(f"{added:,} labelled predictions more, {table.num_rows:,} in all{aside}")


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
