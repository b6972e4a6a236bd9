"""A Parquet file in small batches, also where a column holds long texts, or one of them often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute, parquet

BATCH_ROWS = 65_536  # bounds memory: a batch of 300 columns is 80 MB
BATCH_BYTES = 128 * 2**20  # as do these, where a column holds long texts
BLOCK_BYTES = 8 * 2**20  # read at once
DICTIONARY_BYTES = 2 * 2**20  # writers keep texts once up to 1 MiB of them; then row by row
PLACE_BYTES = 4  # at most, of a row whose text is kept once


def open_parquet(path: Path) -> tuple[list[str], Iterator[pa.Table]]:
    """Return the columns' names and the batches, which raise as pyarrow does."""
    plain = parquet.ParquetFile(path)
    metadata, schema = plain.metadata, plain.schema_arrow
    kept_once = _kept_once(metadata, schema)
    file = parquet.ParquetFile(
        path, metadata=metadata, buffer_size=BLOCK_BYTES, read_dictionary=kept_once
    )
    return schema.names, _batches(file, schema)


def _batches(file: parquet.ParquetFile, schema: pa.Schema) -> Iterator[pa.Table]:
    for batch in file.iter_batches(_batch_rows(file.metadata)):
        table = pa.Table.from_batches([batch])
        step = _rows_to_decode(table)
        for start in range(0, table.num_rows, step):
            yield _decoded(table.slice(start, step), schema)


def _kept_once(metadata: parquet.FileMetaData, schema: pa.Schema) -> list[str]:
    """Return columns whose texts the file keeps once for many rows: read so, they stay short.

    Not those that outgrew it and stand there row by row: Arrow would keep all of them in memory to
    look for those alike.
    """
    texts = {field.name for field in schema if _is_text(field.type)}
    chunks = [
        metadata.row_group(group).column(place)
        for group in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
    ]
    long = {each.path_in_schema for each in chunks if not _is_kept_once(each)}
    return sorted(texts - long)


def _is_kept_once(chunk: Any) -> bool:
    most = DICTIONARY_BYTES + PLACE_BYTES * chunk.num_values
    return bool(chunk.has_dictionary_page and chunk.total_uncompressed_size < most)


def _batch_rows(metadata: parquet.FileMetaData) -> int:
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    widest = max((one.total_byte_size / max(one.num_rows, 1) for one in groups), default=1)
    return int(min(max(BATCH_BYTES / max(widest, 1), 1), BATCH_ROWS))


def _rows_to_decode(table: pa.Table) -> int:
    """Return how many rows may have their texts written out at once."""
    length: int = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            for chunk in column.chunks:
                lengths = compute.binary_length(chunk.dictionary).take(chunk.indices)
                length += compute.sum(lengths).as_py() or 0
    return int(max(BATCH_BYTES * table.num_rows // max(length, 1), 1))


def _decoded(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Write dictionaries out, pandas' categoricals among them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            kind = schema.field(place).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            table = table.set_column(place, field.name, table.column(place).cast(kind))
    return table


def _is_text(kind: pa.DataType) -> bool:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    return any(is_one(kind) for is_one in texts)
