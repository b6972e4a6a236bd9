"""Reading a table that a user has, CSV or Parquet, with one line for whatever is wrong with it."""

import codecs
import gzip
import re
import shlex
from collections.abc import Sequence
from csv import Error as CsvError
from csv import reader
from pathlib import Path

import pyarrow as pa
from pyarrow import compute, csv, parquet

from project.errors import UserError

COMMA_NUMBER = r"^(\s*[+-]?\d*),(\d+([eE][+-]?\d+)?\s*)$"
TEXT_ENDINGS = frozenset({".csv", ".tsv", ".txt"})


def read_table_file(
    path: Path, delimiter: str, missing: list[str], decimal: str = ".", texts: Sequence[str] = ()
) -> pa.Table:
    """Read a file by its ending (.csv, .tsv, .txt, each also .gz; .parquet).

    `delimiter`, the texts that stand for a missing value, the `decimal` point, a comma perhaps, and
    the columns that are `texts` whatever they look like, are a CSV's. An integer beyond 64 bits
    makes its column one of text, so that no digit is lost.
    """
    refuse_missing(path)
    if is_parquet(path):
        table = _read_parquet(path)
    else:
        table = _read_csv(path, delimiter, missing, decimal, texts)
    if table.num_rows == 0:
        raise UserError(f"{path}: a header and no rows; expected at least one row")
    return table


def refuse_missing(path: Path) -> None:
    """Raise `UserError` where there is no file, an empty one, or one of another ending."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected a CSV or Parquet file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty; expected a header and rows")
    if not (is_parquet(path) or TEXT_ENDINGS & {suffix.lower() for suffix in path.suffixes}):
        raise UserError(f"{path}: neither .csv nor .parquet; save the table as one of them")


def is_parquet(path: Path) -> bool:
    """Tell by its ending whether a file is Parquet, which has types and no delimiter."""
    return path.suffix.lower() == ".parquet"


def _read_parquet(path: Path) -> pa.Table:
    try:
        # The file alone: read_table would refuse a column of the same name twice without saying so.
        table = parquet.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: not a Parquet file ({first_line(error)})") from None
    for index, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind):  # a pandas categorical
            kind = kind.value_type
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            kind = pa.string()
        if kind != field.type:
            table = table.set_column(index, field.name, table.column(index).cast(kind))
    return table.replace_schema_metadata(None)


def _read_csv(
    path: Path, delimiter: str, missing: list[str], decimal: str, texts: Sequence[str]
) -> pa.Table:
    refuse_what_is_no_text(path)
    usual = csv.ConvertOptions(
        column_types=dict.fromkeys(texts, pa.string()),
        null_values=missing,
        strings_can_be_null=True,
        decimal_point=decimal,
    )
    table = _parse(path, delimiter, usual)
    header = table.column_names
    if len(header) == 1:
        raise UserError(
            f"{path}: one column with delimiter {delimiter!r}, its header is "
            f"{header[0][:60]!r}; set source.delimiter"
        )
    if unknown := [name for name in texts if name not in header]:
        raise UserError(
            f"{path}: source.texts: no column {unknown[0]!r}; it has {', '.join(header[:20])}"
        )
    for name, kind in zip(header, table.schema.types, strict=True):
        if pa.types.is_binary(kind):
            raise UserError(f"{path}: column {name!r} is not UTF-8; {_recode(path, 'cp1252')}")
    table = _with_huge_integers_as_text(path, delimiter, missing, table)
    return with_points(table) if decimal == "," else table


def with_points(table: pa.Table) -> pa.Table:
    """Write numbers with a point in columns of text: some of their rows are no numbers."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = compute.replace_substring_regex(table.column(place), COMMA_NUMBER, r"\1.\2")
            table = table.set_column(place, field.name, texts)
    return table


def refuse_what_is_no_text(path: Path) -> None:
    """Raise `UserError` where a CSV file's beginning is of another kind or encoding."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rb") as file:
            start = file.read(1 << 16)
    except (OSError, EOFError) as error:
        raise UserError(f"{path}: not a compressed CSV file ({first_line(error)})") from None
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: UTF-16, expected UTF-8; {_recode(path, 'utf-16')}")
    if re.search(rb"[\x00-\x08\x0e-\x1f]", start):
        raise UserError(f"{path}: not a CSV file: it holds bytes that are not text")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start.partition(b"\n")[0])
    except UnicodeDecodeError:
        raise UserError(f"{path}: its header is not UTF-8; {_recode(path, 'cp1252')}") from None


def _recode(path: Path, encoding: str) -> str:
    return f"convert it: iconv -f {encoding} -t utf-8 {shlex.quote(str(path))} > utf-8.csv"


def _parse(
    path: Path, delimiter: str, convert: csv.ConvertOptions, threads: bool = True
) -> pa.Table:
    try:
        return csv.read_csv(
            path,
            csv.ReadOptions(use_threads=threads),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert,
        )
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if "Empty CSV" in str(error):
            raise UserError(f"{path}: a header and no rows; expected at least one row") from None
        if threads:
            return _parse(path, delimiter, convert, threads=False)  # which names the row
        raise UserError(
            ragged(path, delimiter)
            or f"{path}: not a CSV file with delimiter {delimiter!r} ({first_line(error)})"
        ) from None


def ragged(path: Path, delimiter: str) -> str | None:
    """Name the first line with more or fewer fields than the header; a text may hold newlines."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = reader(file, delimiter=delimiter)
        try:
            header, line = next(rows), rows.line_num
            for row in rows:
                if row and len(row) != len(header):
                    return (
                        f"{path}: line {line + 1} has {_fields(row)}, the header has "
                        f"{_fields(header)}; mend the line, or write texts that hold {delimiter!r} "
                        "within double quotes (if another sign parts columns: source.delimiter)"
                    )
                line = rows.line_num
        except (CsvError, StopIteration):
            return None
    return None


def _fields(row: list[str]) -> str:
    return f"{len(row)} field{'s' if len(row) > 1 else ''}"


def _with_huge_integers_as_text(
    path: Path, delimiter: str, missing: list[str], table: pa.Table
) -> pa.Table:
    """Such an integer was read as a float: another number than the file's, silently."""
    suspects = [name for name in table.column_names if _may_hold_huge_integers(table, name)]
    if not suspects:
        return table
    texts = _parse(
        path,
        delimiter,
        csv.ConvertOptions(
            include_columns=suspects,
            column_types=dict.fromkeys(suspects, pa.string()),
            null_values=missing,
            strings_can_be_null=True,
        ),
    )
    for name in suspects:
        if first_huge_integer(texts.column(name).combine_chunks()) is not None:
            place = table.column_names.index(name)
            table = table.set_column(place, name, texts.column(name))
    return table


def _may_hold_huge_integers(table: pa.Table, name: str) -> bool:
    if table.column_names.count(name) > 1 or not pa.types.is_floating(table.field(name).type):
        return False
    top = compute.max(compute.abs(table.column(name))).as_py()
    return top is not None and top >= 2**63


def first_huge_integer(texts: pa.Array) -> int | None:
    """Return the place of the first integer that 64 bits do not hold, in a column of text."""
    long = compute.match_substring_regex(texts, r"^\s*[+-]?\d{19,}\s*$")
    for place in compute.indices_nonzero(compute.fill_null(long, False)).to_pylist():
        if not -(2**63) <= int(texts[place].as_py()) < 2**63:
            return int(place)
    return None


def first_line(error: Exception) -> str:
    """Return what Arrow says, fit to be shown."""
    line = re.sub(r"\s+", " ", str(error).partition("\n")[0])[:200]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
