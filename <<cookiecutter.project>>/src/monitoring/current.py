"""Which rows are judged: what the service has recorded, or the file or folder that is named."""

import os
from datetime import datetime
from pathlib import Path

from monitoring.batch import Rows
from monitoring.recorded import RecordedRows
from monitoring.tables import TableRows
from monitoring.watched import Watched
from project.errors import UserError
from project.onnx_model import OnnxModel
from project.settings.monitoring import Drift, span

TABLES = (".csv", ".tsv", ".txt", ".gz", ".parquet")


def current_rows(
    watched: Watched, model: OnnxModel, settings: Drift, now: datetime, keyed: bool
) -> Rows:
    """Return what CURRENT names, as far back as SINCE; the store where it names nothing.

    A file is judged whole where SINCE is not given; a table's rows have no time.
    """
    current, since = (os.environ.get(name, "") for name in ("CURRENT", "SINCE"))
    path = Path(current) if current else watched.folder
    if current and not path.exists():
        raise UserError(f"CURRENT: {path}: no such file or folder")
    try:
        back = span(since or settings.since)
    except ValueError as error:
        raise UserError(f"SINCE: {error}, got {since}") from None
    if tables := _tables(path):
        if since:
            raise UserError(f"SINCE: the rows of {tables[0]} have no time; leave it out")
        return TableRows(tables, watched, model)
    start = None if path.is_file() and not since else now - back
    return RecordedRows(path, watched, start, now, keyed)


def _tables(path: Path) -> list[Path]:
    """Return the tables that are named; none where there are recorded lines."""
    if path.is_file():
        return [] if path.suffix == ".jsonl" else [path]
    if any(path.glob("*.jsonl")):
        return []
    return sorted(one for one in path.glob("*") if one.suffix in TABLES)
