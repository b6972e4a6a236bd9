"""Reading a table that nobody has described yet: its delimiter, and how it writes a gap."""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow import compute

from project.errors import UserError
from project.table_files import TEXT_ENDINGS, is_parquet, read_table_file

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
COMMA_NUMBER = r"^\s*[+-]?\d[\d.]*,\d[\d,.]*\s*$"
DECIMAL_POINT = r"^\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*$"
DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"
THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*$"
PADDED = r"^\s*0\d+\s*$"
#: Of a column of numbers, this share at least must be numbers.
NUMBERS_SHARE = 0.8
#: At most so many words among them, if not most of the column, stand for no value.
MOST_MARKS = 3
MOST_MARKED = 0.5


@dataclass(frozen=True)
class Reading:
    """A table, and how it had to be read; a Parquet file has no delimiter."""

    table: pa.Table
    delimiter: str | None
    decimal: str
    missing: list[str]
    marks: list[str]  # of `missing`, those that this file made necessary
    texts: list[str]  # columns of digits that are no numbers


def read_undescribed(path: Path, missing: list[str], delimiter: str = "") -> Reading:
    """Read a CSV or Parquet file; `UserError` says in one line what is wrong with it.

    A CSV's delimiter is found where none is given.
    """
    if is_parquet(path):
        return Reading(read_table_file(path, ",", missing), None, ".", missing, [], [])
    try:
        return _read_csv(path, missing, delimiter or sniff(path))
    except UserError as error:  # here the setting is yet to be written
        raise UserError(str(error).replace("source.delimiter", "DELIMITER=…")) from None


def _read_csv(path: Path, missing: list[str], delimiter: str) -> Reading:
    table = read_table_file(path, delimiter, missing)
    decimal = "."
    if _has_decimal_commas(path, table):
        decimal = ","
        table = read_table_file(path, delimiter, missing, decimal)
    marks = sorted({mark for column in table.columns for mark in _missing_marks(column)})
    if marks:
        missing = [*missing, *marks]
        table = read_table_file(path, delimiter, missing, decimal)
    if texts := _padded(path, delimiter, missing, table):
        table = read_table_file(path, delimiter, missing, decimal, texts)
    return Reading(table, delimiter, decimal, missing, marks, texts)


def _padded(path: Path, delimiter: str, missing: list[str], table: pa.Table) -> list[str]:
    """Return the columns of whole numbers of which some begin with a zero, as a postcode may."""
    header = Counter(table.column_names)
    whole = [n for n, c in _columns(table) if pa.types.is_integer(c.type) and header[n] == 1]
    written = read_table_file(path, delimiter, missing, texts=whole) if whole else table
    return [name for name in whole if _count(written.column(name).combine_chunks(), PADDED)]


def sniff(path: Path) -> str:
    """Find the delimiter that parts the most lines into as many fields as the header has."""
    lines = _first_lines(path)
    if not lines or not lines[0].replace("\t", "").isprintable():
        return ","  # the reader says what the file is instead
    scores = {delimiter: _score(lines, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if scores[best] == (0.0, 0):
        known = ", ".join(DELIMITERS.values())
        raise UserError(
            f"{path}: its first line, {lines[0][:60]!r}, has none of {known}; save the table with "
            "one of them between its columns"
        )
    return best


def _first_lines(path: Path, count: int = 100) -> list[str]:
    if not path.is_file() or not TEXT_ENDINGS & {suffix.lower() for suffix in path.suffixes}:
        return []
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            return [line.rstrip("\r\n") for line in islice(file, count)]
    except OSError:
        return []


def _score(lines: list[str], delimiter: str) -> tuple[float, int]:
    try:
        fields = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    if not fields or fields[0] < 2:
        return 0.0, 0
    return sum(count == fields[0] for count in fields) / len(fields), fields[0]


def _texts(column: pa.ChunkedArray) -> pa.Array | None:
    texts = column.combine_chunks().drop_null() if pa.types.is_string(column.type) else None
    return texts if texts is not None and len(texts) else None


def _has_decimal_commas(path: Path, table: pa.Table) -> bool:
    """Tell `1,5` from `1,500`; `UserError` where commas can only part thousands, or may."""
    written = {name: _with_commas(column) for name, column in _columns(table)}
    numbers = {name: texts for name, texts in written.items() if len(texts)}
    alike = {name for name, texts in numbers.items() if _count(texts, DECIMAL_COMMA) == len(texts)}
    clear = {name for name in alike if _count(numbers[name], THOUSANDS) < len(numbers[name])}
    # Where one column surely has decimal commas, `1,234` in another is one and a bit too.
    if doubtful := [name for name in numbers if name not in (alike if clear else clear)]:
        texts = numbers[doubtful[0]].to_pylist()
        number = next((text for text in texts if not re.match(DECIMAL_COMMA, text)), texts[0])
        raise UserError(
            f"{path}: column {doubtful[0]!r} writes {number.strip()!r}, with a sign that seems "
            "to part thousands; save the table without such signs"
        )
    for name in numbers:
        _refuse_both(path, name, numbers[name], table.column(name).combine_chunks())
    return bool(clear)


def _refuse_both(path: Path, name: str, commas: pa.Array, texts: pa.Array) -> None:
    """Raise `UserError` where numbers of a column have commas, and others points."""
    points = texts.filter(compute.match_substring_regex(texts, DECIMAL_POINT))
    if len(points):
        raise UserError(
            f"{path}: column {name!r} writes both {commas[0].as_py().strip()!r} and "
            f"{points[0].as_py().strip()!r}, decimal commas beside decimal points; save the table "
            "with one of them"
        )


def _columns(table: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    return zip(table.column_names, table.columns, strict=True)


def _with_commas(column: pa.ChunkedArray) -> pa.Array:
    """Return the numbers with commas in a column of numbers; none of any other column."""
    texts = _texts(column)
    if texts is None:
        return pa.array([], pa.string())
    commas = texts.filter(compute.match_substring_regex(texts, COMMA_NUMBER))
    numbers = len(commas) + _count(texts, NUMBER)
    return commas if numbers >= NUMBERS_SHARE * len(texts) else commas[:0]


def _count(texts: pa.Array, pattern: str) -> int:
    return int(compute.sum(compute.match_substring_regex(texts, pattern), min_count=0).as_py())


def _missing_marks(column: pa.ChunkedArray) -> list[str]:
    """Return the few texts in a column of numbers that are none: `-`, `unknown`."""
    texts = _texts(column)
    if texts is None:
        return []
    numbers = compute.match_substring_regex(texts, NUMBER)
    if not MOST_MARKED <= compute.mean(numbers).as_py() < 1:
        return []
    others = Counter(texts.filter(compute.invert(numbers)).to_pylist())
    return sorted(others) if len(others) <= MOST_MARKS else []
