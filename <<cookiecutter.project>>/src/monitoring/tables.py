"""Rows of a CSV or Parquet file, scored by the model where they do not say what it answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from monitoring.batch import Batch, Tally
from monitoring.watched import Watched, answers
from project.artefacts import REFERENCE
from project.conversion import as_known, convert_values
from project.errors import UserError
from project.loading import load
from project.onnx_model import OnnxModel
from project.settings.group import ColumnType
from project.settings.source import FileSource, Source
from project.table_stream import open_table
from project.tables import read_table

PLAIN = FileSource(
    kind="file", path="", delimiter=",", missing=["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
)


class TableRows:
    """The rows of one file, or of several alike."""

    def __init__(self, paths: list[Path], watched: Watched, model: OnnxModel) -> None:
        self._paths = paths
        rows = read_table(REFERENCE)
        self._seen = {
            name: rows.column(name).combine_chunks().unique().drop_null()
            for name in watched.contract.of_type("category")
        }
        self._watched = watched
        self._model = model
        self.tally = Tally()

    def batches(self) -> Iterator[Batch]:
        """Yield the rows; `UserError` names the first value that is of another type."""
        settings: Any = load("source", Source)
        source = settings if isinstance(settings, FileSource) else PLAIN
        for path in self._paths:
            before = 0
            for table in open_table(path, source, []).batches:
                yield self._batch(table, path, before)
                before += table.num_rows
            if not before:
                raise UserError(f"{path}: a header and no rows; expected at least one row")
            self.tally.used += before

    def _batch(self, table: pa.Table, path: Path, before: int) -> Batch:
        watched = self._watched
        # The reader calls a column otherwise that has a name of the model's own.
        given = f"{watched.answer}_column"
        table = table.rename_columns(
            [watched.answer if name == given else name for name in table.column_names]
        )
        kinds = {**watched.contract.columns, watched.answer: watched.answer_kind}
        typed = {
            name: _typed(table.column(name), kind, name, path, before)
            for name, kind in kinds.items()
            if name in table.column_names
        }
        for name in self._seen.keys() & typed.keys():
            typed[name] = as_known(typed[name], self._seen[name])
        if watched.answer not in typed and watched.contract.columns.keys() <= typed.keys():
            typed[watched.answer] = answers(self._model.predict(pa.table(typed)))
        self.tally.columns.update(table.column_names, typed)
        recorded = watched.as_recorded(pa.table(typed))
        if watched.answer in typed:
            recorded = recorded.append_column(watched.answer, typed[watched.answer])
        return Batch(recorded)


def _typed(
    column: pa.ChunkedArray, kind: ColumnType, name: str, path: Path, before: int
) -> pa.Array:
    try:
        values, unreadable = convert_values(column, kind, name)
    except UserError as error:
        raise UserError(str(error).replace("data:", f"{path}:", 1)) from None
    if unreadable.any():
        row = int(unreadable.argmax())
        raise UserError(
            f"{path}: row {before + row + 1:,}, column {name}: expected a {kind}, found "
            f"{str(column[row].as_py())[:60]!r}"
        )
    return values
