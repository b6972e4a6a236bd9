"""Keep what recorded predictions turned out to be: `make labels FILE=labels.csv [CURRENT=store]`.

FILE may be a folder, whose files are kept all or none. A row of a file names a prediction by
`request_id` (the answer's header X-Request-Id) and, where a request holds several records, by
`record`, from 0; `label` is the truth. The same file twice changes nothing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pyarrow as pa

from monitoring.label_file import LabelRow, read_label_file
from monitoring.lines import lines
from monitoring.quality import read_labels
from monitoring.recorded import files_of
from monitoring.watched import read_watched
from project.artefacts import LABELS, REFERENCE
from project.errors import UserError, one_line
from project.settings.monitoring import Labels, load_monitoring
from project.switches import is_on
from project.tables import keep_pandas_out, write_table

USAGE = "make labels FILE=labels.csv, with the columns request_id, label and, as needed, record"

Key = tuple[str, int]


def join(
    rows: list[LabelRow], sizes: dict[str, int], kept: set[Key], settings: Labels, path: Path
) -> tuple[list[LabelRow], int]:
    """Return the rows that name a recorded prediction, and how many do not.

    sizes: records by request, of those that the file names. kept: labels of earlier days, whose
    predictions the service may have removed since. `UserError` where too many name none, or where
    a row does not say which of several records it means.
    """
    known: list[LabelRow] = []
    unknown: list[LabelRow] = []
    for row in rows:
        size = sizes.get(row.request_id, 0)
        if row.record is None and size > 1:
            raise UserError(
                f"{path}: row {row.place}: request {row.request_id} has {size} records: "
                "add a column record, from 0"
            )
        record = row.record or 0
        (known if record < size or (row.request_id, record) in kept else unknown).append(row)
    if len(unknown) > settings.max_unknown * len(rows):
        first, others = unknown[0], len(unknown) - 1
        more = f", nor for {others:,} more of {len(rows):,} rows" if others else ""
        raise UserError(
            f"{path}: row {first.place}: no prediction is recorded for request "
            f"{first.request_id}, record {first.record or 0}{more}; labels.max_unknown in "
            "conf/monitoring.yaml bounds their share"
        )
    return known, len(unknown)


def merge(old: pa.Table | None, new: list[LabelRow], replace: bool, path: Path) -> pa.Table:
    """Return the labels kept before and the new ones, in the order of their requests.

    `UserError` where one contradicts another, unless `replace` lets the later one win over the one
    that was kept.
    """
    kept: dict[Key, str | float] = {}
    if old is not None:
        names = ("request_id", "record", "label")
        columns = (old.column(name).to_pylist() for name in names)
        kept = {(request, record): label for request, record, label in zip(*columns, strict=True)}
    places: dict[Key, int] = {}
    for row in new:
        key = (row.request_id, row.record or 0)
        before = kept.get(key)
        if before is not None and before != row.label and (key in places or not replace):
            where = f"row {places[key]}" if key in places else "what was kept before"
            hint = "keep one of them" if key in places else "REPLACE=1 takes the new one"
            raise UserError(
                f"{path}: row {row.place}: request {key[0]}, record {key[1]} is {row.label!r}, and "
                f"{before!r} in {where}; {hint}"
            )
        kept[key], places[key] = row.label, row.place
    order = sorted(kept)
    kind = pa.string() if any(type(value) is str for value in kept.values()) else pa.float64()
    return pa.table(
        {
            "request_id": pa.array([request for request, _ in order], pa.string()),
            "record": pa.array([record for _, record in order], pa.int64()),
            "label": pa.array([kept[key] for key in order], kind),
        }
    )


def recorded_sizes(store: Path, requests: set[str]) -> dict[str, int]:
    """Return how many records each of these requests has in a store, whichever model answered."""
    sizes = {}
    for file in files_of(store):
        for line in lines(file):
            try:
                record = orjson.loads(line or b"")
                if (request := record["request_id"]) in requests:
                    sizes[request] = len(record["inputs"])
            except (ValueError, LookupError, TypeError):
                continue  # cut short; make drift counts them
    return sizes


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off another make labels, which would forget what this one adds."""
    folder = os.open(REFERENCE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main() -> None:
    """Keep the labels of the file or folder that make names."""
    name, current = (os.environ.get(word, "") for word in ("FILE", "CURRENT"))
    replace = is_on("REPLACE")
    if not name:
        raise UserError(f"FILE is missing; type: {USAGE}")
    settings = load_monitoring().labels
    watched, _ = read_watched()
    files = {path: read_label_file(path, watched.contract) for path in _named(Path(name))}
    requests = {row.request_id for rows in files.values() for row in rows}
    sizes = recorded_sizes(Path(current) if current else watched.folder, requests)
    unknown = 0
    with _alone():
        table = old = read_labels(watched.contract)
        for path, rows in files.items():
            known, strange = join(rows, sizes, _keys(table), settings, path)
            table = merge(table, known, replace, path)
            unknown += strange
        assert table is not None
        write_table(LABELS, table)
    added = table.num_rows - (old.num_rows if old is not None else 0)
    aside = f"; {unknown:,} name no recorded prediction and were left out" if unknown else ""
    print(f"{added:,} labels more, {table.num_rows:,} in all: {LABELS}{aside}")


def _named(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.glob("[!.]*") if file.is_file())
    if not files:
        raise UserError(f"{path}: no file of labels is there")
    return files


def _keys(table: pa.Table | None) -> set[Key]:
    if table is None:
        return set()
    requests, records = (table.column(name).to_pylist() for name in ("request_id", "record"))
    return {*zip(requests, records, strict=True)}


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
