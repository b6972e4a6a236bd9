"""Reading a table that a user has in batches, so that memory does not grow with it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyarrow import csv, parquet

from project.columns import RESERVED, normalise_all
from project.conversion import convert_values
from project.errors import UserError
from project.parquet_batches import open_parquet
from project.settings.group import ColumnType
from project.settings.source import CsvForm
from project.table_files import (
    first_line,
    is_parquet,
    ragged,
    refuse_missing,
    refuse_what_is_no_text,
    with_points,
)

BLOCK_BYTES = 8 * 2**20  # of a CSV, of which Arrow reads up to 32 ahead
#: How a CSV is written, where the project's own data is none.
PLAIN = CsvForm(delimiter=",", missing=["", "NA", "N/A", "NaN", "nan", "null", "NULL"])

Item = TypeVar("Item")


@dataclass(frozen=True)
class TableStream:
    """A file's columns under normalised names, and its batches."""

    columns: list[str]
    batches: Iterator[pa.Table]

    def lacks(self, name: str, path: Path) -> UserError:
        """Return what to raise where the file at `path` has no such column."""
        own = {f"{word}_column": word for word in RESERVED}
        has = [own.get(column, column) for column in self.columns]
        said = f"{path}: column {name} is missing; it has {', '.join(has[:20])}"
        labels = {"request_id", "label"} <= {*has}
        return UserError(f"{said}: labels, which make labels FILE=… takes" if labels else said)


def open_table(path: Path, source: CsvForm, numbers: list[str]) -> TableStream:
    """Open a CSV or Parquet file; `UserError` where it is none, or names a column twice.

    source: how a CSV is written. numbers: columns of a CSV that are read as numbers; all others
    are text. Batches raise `pa.ArrowInvalid` where a CSV's number is none, `UserError` where the
    file is broken.
    """
    refuse_missing(path)
    return _open_parquet(path) if is_parquet(path) else _open_csv(path, source, numbers)


def form_of(source: object) -> CsvForm:
    """Return how a CSV is written: as the project's own source, where that is one."""
    return source if isinstance(source, CsvForm) else PLAIN


def typed(
    column: pa.ChunkedArray, kind: ColumnType, name: str, path: Path, before: int
) -> pa.Array:
    """Convert a batch's column; `UserError` names the first value that is of another type.

    before: how many rows of the file at `path` came in earlier batches.
    """
    try:
        values, unreadable = convert_values(column, kind, name)
    except UserError as error:
        raise UserError(str(error).replace("data:", f"{path}:", 1)) from None
    if unreadable.any():
        row = int(unreadable.argmax())
        raise UserError(
            f"{path}: row {before + row + 1:,}, column {name}: expected a {kind}, found "
            f"{repr(column[row].as_py())[:60]}"
        )
    return values


def _open_parquet(path: Path) -> TableStream:
    try:
        header, tables = open_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file ({first_line(error)})") from None
    names = _names(path, header)

    def batches() -> Iterator[pa.Table]:
        try:
            for table in tables:
                yield table.rename_columns(names)
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{path}: broken ({first_line(error)})") from None

    return TableStream(names, batches())


def _open_csv(path: Path, source: CsvForm, numbers: list[str]) -> TableStream:
    refuse_what_is_no_text(path)
    parse = csv.ParseOptions(delimiter=source.delimiter, newlines_in_values=True)
    header = _header(path, parse)
    names = _names(path, header)
    types = {
        written: pa.float64() if name in numbers else pa.string()
        for written, name in zip(header, names, strict=True)
    }
    convert = csv.ConvertOptions(
        column_types=types,
        null_values=source.missing,
        strings_can_be_null=True,
        decimal_point=source.decimal,
    )

    def batches() -> Iterator[pa.Table]:
        try:
            with csv.open_csv(
                path, csv.ReadOptions(block_size=BLOCK_BYTES), parse, convert
            ) as stream:
                for batch in stream:
                    table = pa.Table.from_batches([batch]).rename_columns(names)
                    yield with_points(table) if source.decimal == "," else table
        except pa.ArrowInvalid as error:
            if "conversion error to double" in str(error):
                raise
            raise UserError(
                ragged(path, source.delimiter) or f"{path}: not a CSV file ({first_line(error)})"
            ) from None

    return TableStream(names, batches())


def _header(path: Path, parse: csv.ParseOptions) -> list[str]:
    try:
        with csv.open_csv(path, csv.ReadOptions(block_size=BLOCK_BYTES), parse) as stream:
            names: list[str] = stream.schema.names
            return names
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            ragged(path, parse.delimiter)
            or f"{path}: not a CSV file with delimiter {parse.delimiter!r} ({first_line(error)})"
        ) from None


def _names(path: Path, header: list[str]) -> list[str]:
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise UserError(f"{path}: column {twice[0]!r} stands twice in the header; rename one")
    return normalise_all(header)


def row_count(path: Path) -> int | None:
    """Return how many rows a file says it has; a CSV says nothing."""
    try:
        return int(parquet.read_metadata(path).num_rows) if is_parquet(path) else None
    except (pa.ArrowException, OSError):
        return None  # whoever reads it will say what is wrong


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, the next of which is made in a thread meanwhile."""
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, iterator, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, iterator, None)
            yield item
