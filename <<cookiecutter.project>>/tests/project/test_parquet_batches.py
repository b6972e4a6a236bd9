"""Texts that a file keeps once are read so; those that differ from row to row are not."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from project import parquet_batches

ROWS = 30_000
TEXTS = {
    "of four kinds": ([f"kind {row % 4}" for row in range(ROWS)], True),
    "each another": ([f"{row:0200}" for row in range(ROWS)], False),
}


@pytest.mark.parametrize("case", TEXTS)
def test_only_what_repeats_is_read_as_kept_once(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, repeats = TEXTS[case]
    parquet.write_table(pa.table({"text": texts}), tmp_path / "rows.parquet")
    opened = []
    read = parquet.ParquetFile
    monkeypatch.setattr(
        parquet,
        "ParquetFile",
        lambda *args, **words: opened.append(words) or read(*args, **words),
    )

    names, batches = parquet_batches.open_parquet(tmp_path / "rows.parquet")

    assert names == ["text"]
    assert pa.concat_tables(batches).column("text").to_pylist() == texts
    assert opened[-1]["read_dictionary"] == (["text"] if repeats else [])
