"""Stage fetch: bring the data in as it is, under names that every later stage can bear."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.bundled_source import read_bundled
from pipeline.labelled import append
from project.artefacts import FEEDBACK, ORIGIN, RAW
from project.columns import normalise_all
from project.errors import UserError, one_line
from project.files import write_json
from project.loading import load
from project.settings.source import BundledSource, FileSource, HttpSource, Source, SqlSource
from project.table_files import read_table_file
from project.tables import LABELLED_KEYS, read_table, write_table


def fetch(source: Source) -> tuple[pa.Table, dict[str, Any]]:
    """Read the source: its table with normalised column names, and where it came from.

    Raises `UserError` where the file is missing, empty or no table, or names a column twice.
    """
    table, sha256, place = _read(source)
    names = normalise_all(_unique(table.column_names, place))
    origin = {
        "source": source.kind,
        **place,
        "sha256": sha256,
        "rows": table.num_rows,
        "columns": dict(zip(names, table.column_names, strict=True)),
    }
    return table.rename_columns(names), origin


def _read(source: Source) -> tuple[pa.Table, str, dict[str, Any]]:
    """Return the table, the digest of what it was read from, and where that was."""
    if isinstance(source, BundledSource):
        table, files, revision = read_bundled(source.name)
        place = {"name": source.name, "revision": f"scikit-learn {revision}"}
        return table, _digest(files), place
    if isinstance(source, SqlSource):
        from pipeline.sql_source import ask

        return ask(source), source.sha256, {"url": source.url, "path": source.path}
    file = _file(source)
    table = read_table_file(file, source.delimiter, source.missing, source.decimal, source.texts)
    place = {"path": source.path} if source.kind == "file" else {"url": source.url}
    return table, _digest([file]), place


def _file(source: FileSource | HttpSource) -> Path:
    if isinstance(source, FileSource):
        return Path(source.path)
    from pipeline.http_source import download

    return download(source)


def _unique(names: list[str], place: dict[str, Any]) -> list[str]:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"{place.get('path', place.get('url'))}: column {twice[0]!r} stands "
            f"{names.count(twice[0])} times in the header; give each column a name of its own"
        )
    return names


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def main() -> None:
    """Run the stage."""
    table, origin = fetch(load("source", Source))
    labelled = 0
    if FEEDBACK.exists():
        added = read_table(FEEDBACK).drop_columns(list(LABELLED_KEYS))
        table, labelled = append(table, added), added.num_rows
        origin["labelled"] = {"rows": labelled, "sha256": _digest([FEEDBACK])}
    write_table(RAW, table, labelled=labelled)
    write_json(ORIGIN, origin)
    print(f"{table.num_rows:,} rows, {table.num_columns} columns")


if __name__ == "__main__":
    one_line(main)
