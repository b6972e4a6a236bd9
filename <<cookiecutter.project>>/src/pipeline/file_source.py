"""Reading a user's own CSV or Parquet file, with one line for whatever is wrong with it."""

import re
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from project.errors import UserError
from project.settings import FileSource


def read_file(source: FileSource) -> pa.Table:
    """Read the file by its ending (.csv, .tsv, .txt, also .gz; .parquet) into a table."""
    path = Path(source.path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; set source.path to a CSV or Parquet file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty; expected a header and rows")
    if path.suffix == ".parquet":
        table = _read_parquet(path)
    elif {".csv", ".tsv", ".txt"} & set(path.suffixes):
        table = _read_csv(path, source)
    else:
        raise UserError(f"{path}: neither .csv nor .parquet; save the table as one of them")
    if table.num_rows == 0:
        raise UserError(f"{path}: a header and no rows; expected at least one row")
    return table


def _read_parquet(path: Path) -> pa.Table:
    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: not a Parquet file ({_first(error)})") from None
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):  # a pandas categorical
            plain = table.column(index).cast(field.type.value_type)
            table = table.set_column(index, field.name, plain)
    return table


def _read_csv(path: Path, source: FileSource) -> pa.Table:
    try:
        table = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=source.delimiter),
            convert_options=csv.ConvertOptions(
                null_values=source.missing,
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise UserError(
            f"{path}: not a CSV file with delimiter {source.delimiter!r} ({_first(error)})"
        ) from None
    header = table.column_names
    if any(not name.isprintable() for name in header):
        raise UserError(f"{path}: not a CSV file: its first line is not text")
    if len(header) == 1:
        raise UserError(
            f"{path}: one column with delimiter {source.delimiter!r}, its header is "
            f"{header[0][:60]!r}; set source.delimiter"
        )
    _refuse_huge_integers(path, source, table)
    return table


def _refuse_huge_integers(path: Path, source: FileSource, table: pa.Table) -> None:
    """An integer beyond 64 bits was read as a float: another number than the file's, silently."""
    from pyarrow import compute

    for index, field in enumerate(table.schema):
        if not pa.types.is_floating(field.type):
            continue
        top = compute.max(compute.abs(table.column(index))).as_py()
        if top is None or top < 2**63:
            continue
        texts = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=source.delimiter),
            convert_options=csv.ConvertOptions(
                include_columns=[field.name], column_types={field.name: pa.string()}
            ),
        ).column(0)
        for row, text in enumerate(texts.to_pylist()):
            if text and re.fullmatch(r"[+-]?\d{19,}", text.strip()) and abs(int(text)) >= 2**63:
                raise UserError(
                    f"{path}: column {field.name!r}, row {row + 2}: the integer {text} is beyond "
                    "64 bits; write it as a float, or ignore the column if it is an id"
                )


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
