"""Traffic with a drift that is known: `make simulate DRIFT=shift [ROWS=…] [URL=…] [OUT=…]`.

Rows are drawn from the test split, which the model has not seen; the same seed draws the same.
They are sent to a running service, or written: to .jsonl as the service would have recorded them,
to .csv or .parquet as bare rows. LABELS=file.csv keeps what the rows turned out to be, for
make labels.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from monitoring.disturbances import DISTURBANCES
from monitoring.traffic import Answered, record, send, write_rows
from monitoring.watched import Watched, read_watched
from project.artefacts import TEST
from project.errors import UserError, one_line
from project.files import replacing
from project.onnx_model import OnnxModel
from project.settings.monitoring import load_monitoring
from project.tables import Contract, keep_pandas_out, read_table

ROWS = 1000
ENDINGS = (".jsonl", ".csv", ".parquet")
USAGE = (
    f"make simulate DRIFT={'|'.join(DISTURBANCES)} [ROWS={ROWS}] URL=http://127.0.0.1:3000 "
    "or OUT=rows.jsonl [LABELS=labels.csv]"
)


def simulate(test: pa.Table, contract: Contract, kind: str, rows: int, seed: int) -> pa.Table:
    """Return so many rows of the test split, disturbed; the target stays what it is.

    No row comes twice before each has come once. `UserError` where the table has no column that
    could be disturbed so.
    """
    random = np.random.default_rng(seed)
    weights = DISTURBANCES[kind].weights(test, contract)
    if weights is None:
        turns = [random.permutation(test.num_rows) for _ in range(-(-rows // test.num_rows))]
        drawn = np.concatenate(turns)[:rows]
    else:
        drawn = random.choice(test.num_rows, rows, p=weights)
    return DISTURBANCES[kind].disturb(test.take(pa.array(drawn)), test, contract, random)


def refuse_unknown(kind: str, rows: str, usage: str) -> None:
    """Raise `UserError` where a word of make's names no drift, or no number of rows."""
    if kind not in DISTURBANCES:
        said = f"{kind!r} is no drift" if kind else "none is given"
        raise UserError(f"DRIFT: {said}; type: {usage}")
    if not rows.isdecimal() or int(rows) < 1:
        raise UserError(f"ROWS: expected a whole number above 0, got {rows}")


def draw(kind: str, rows: int) -> tuple[pa.Table, Watched, OnnxModel]:
    """Return so many rows of the project's test split, disturbed, and the model they are for."""
    watched, model = read_watched()
    if not TEST.exists():
        raise UserError(f"{TEST} is not there: type: make repro, or dvc pull")
    seed = load_monitoring().drift.seed
    return simulate(read_table(TEST), watched.contract, kind, rows, seed), watched, model


def main() -> None:
    """Send or write what make asks for."""
    names = ("DRIFT", "ROWS", "URL", "OUT", "LABELS")
    kind, asked, url, out, labels = (os.environ.get(name, "") for name in names)
    refuse_unknown(kind, asked or str(ROWS), USAGE)
    rows, target = int(asked or ROWS), _target(url, out, labels)
    table, watched, model = draw(kind, rows)
    if url:
        answered = send(table, watched, url)
    elif target.suffix == ".jsonl":
        answered = record(table, watched, model, target, datetime.now(UTC))
    else:
        answered = None
        write_rows(table.select(list(watched.contract.columns)), target)
    if labels and answered:
        _write_labels(Path(labels), table.column(watched.contract.target), answered)
    print(f"{rows:,} rows, drift {kind}: {url or out}")


def _target(url: str, out: str, labels: str) -> Path:
    if bool(url) == bool(out):
        raise UserError(f"expected URL or OUT; type: {USAGE}")
    target = Path(out)
    if out and target.suffix not in ENDINGS:
        raise UserError(f"OUT: {out}: expected one of {', '.join(ENDINGS)}")
    if labels and out and target.suffix != ".jsonl":
        raise UserError("LABELS: bare rows have no request that a label could name; OUT=….jsonl")
    return target


def _write_labels(path: Path, target: pa.ChunkedArray, answered: Answered) -> None:
    requests, records = answered
    table = pa.table({"request_id": requests, "record": records, "label": target})
    with replacing(path) as temporary:
        csv.write_csv(table, temporary)


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
