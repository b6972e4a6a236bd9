"""A file of labels, CSV or Parquet, and what may be wrong with it."""

import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from project.conversion import convert_values, labels_of
from project.errors import UserError
from project.settings.source import CsvForm
from project.table_stream import open_table
from project.tables import Contract

PLAIN = CsvForm(delimiter=",", missing=["", "NA", "NaN", "nan", "null"])
#: Under this name the reader gives a column that the file calls `label`, a word of the model's own.
LABEL = "label_column"
REQUEST_LENGTH = 128  # the service's own bound of X-Request-Id


class LabelRow(NamedTuple):
    """A label; `place` is its row in the file, from 1. record: None where the file has none."""

    request_id: str
    record: int | None
    label: str | float
    place: int


def read_label_file(path: Path, contract: Contract) -> list[LabelRow]:
    """Read a file of labels; `UserError` names the first row that cannot be one."""
    stream = open_table(path, PLAIN, [])
    for name, column in (("request_id", "request_id"), ("label", LABEL)):
        if column not in stream.columns:
            raise stream.lacks(name, path)
    rows: list[LabelRow] = []
    for table in stream.batches:
        rows += _rows(table, contract, path, len(rows))
    if not rows:
        raise UserError(f"{path}: a header and no rows; expected at least one row")
    return rows


def _rows(table: pa.Table, contract: Contract, path: Path, before: int) -> list[LabelRow]:
    requests = _texts(table.column("request_id"), "request_id", path)
    records: list[int | None] = [None] * table.num_rows
    if "record" in table.column_names:
        records = [_whole(text) for text in _texts(table.column("record"), "record", path)]
    labels = _labels(table.column(LABEL), contract, path)
    rows = []
    for place, (request, record, label) in enumerate(
        zip(requests, records, labels, strict=True), before + 1
    ):
        if request is None:
            raise UserError(f"{path}: row {place}: request_id is missing")
        if len(request) > REQUEST_LENGTH:
            raise UserError(
                f"{path}: row {place}: request_id: expected at most {REQUEST_LENGTH} characters, "
                f"found {len(request):,}"
            )
        if "record" in table.column_names and record is None:
            raise UserError(f"{path}: row {place}: expected record to be 0 or more")
        if label is None or (contract.classes and label not in contract.classes):
            found = repr(table.column(LABEL)[place - before - 1].as_py())[:60]
            expected = f"one of {', '.join(contract.classes)}" if contract.classes else "a number"
            raise UserError(f"{path}: row {place}: label: expected {expected}, found {found}")
        rows.append(LabelRow(request, record, label, place))
    return rows


def _labels(
    column: pa.ChunkedArray, contract: Contract, path: Path
) -> list[str | None] | list[float | None]:
    if contract.classes is None:
        try:
            numbers: list[float | None] = convert_values(column, "number", "label")[0].to_pylist()
        except UserError as error:
            raise UserError(str(error).replace("data:", f"{path}:", 1)) from None
        return numbers
    # As a spreadsheet writes a class that is a whole number: 1.0 for 1.
    return [
        text.removesuffix(".0") if text and text not in contract.classes else text
        for text in _texts(column, "label", path)
    ]


def _texts(column: pa.ChunkedArray, name: str, path: Path) -> list[str | None]:
    try:
        texts: list[str | None] = labels_of(column).to_pylist()
    except pa.ArrowException:  # lists, maps, bytes that are no text
        raise UserError(
            f"{path}: column {name}: expected single values, found {column.type}"
        ) from None
    return texts


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else None
