"""Rows of a CSV or Parquet file, scored by the model where they do not say what it answered."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from monitoring.batch import Batch, Tally
from monitoring.watched import Watched, answers
from project.artefacts import REFERENCE
from project.conversion import as_known
from project.errors import UserError
from project.loading import load
from project.onnx_model import OnnxModel
from project.settings.source import Source
from project.table_stream import form_of, open_table, typed
from project.tables import read_table


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
        source = form_of(load("source", Source))
        for path in self._paths:
            before = 0
            stream = open_table(path, source, [])
            if self._watched.kinds.keys().isdisjoint(stream.columns):
                raise stream.lacks(next(iter(self._watched.kinds)), path)
            for table in stream.batches:
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
        columns = {
            name: typed(table.column(name), kind, name, path, before)
            for name, kind in kinds.items()
            if name in table.column_names
        }
        for name in self._seen.keys() & columns.keys():
            columns[name] = as_known(columns[name], self._seen[name])
        if watched.answer not in columns and watched.contract.columns.keys() <= columns.keys():
            columns[watched.answer] = answers(self._model.predict(pa.table(columns)))
        self.tally.columns.update(table.column_names, columns)
        recorded = watched.as_recorded(pa.table(columns))
        if watched.answer in columns:
            recorded = recorded.append_column(watched.answer, columns[watched.answer])
        return Batch(recorded)
