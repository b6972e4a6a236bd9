"""Hold what the service saw against what the model learned: `make drift`.

Ends with 0 where there is no drift, 3 where there is, 4 where there is too little data to say, and
1 on an error, so that a scheduler can act. make itself turns all of these but 0 into its own 2:
schedulers call `bin/python -m monitoring.drift`, with CURRENT and SINCE in its environment.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.batch import Array, Rows
from monitoring.evidence import effective_rows, row_hashes
from monitoring.evidently_report import EvidentlyView, look
from monitoring.gate import Judged, judge
from monitoring.histograms import Histogram, add_all, histogram
from monitoring.page import render
from monitoring.publish import push, write_metrics
from monitoring.quality import Quality, read_labels
from monitoring.recorded import RecordedRows
from monitoring.sample import TimeSample
from monitoring.verdict import EXIT, Found, verdict
from monitoring.watched import Watched, read_reference, read_watched
from project.artefacts import DRIFT, REFERENCE
from project.errors import UserError, one_line
from project.files import sha256, write_json, write_text
from project.settings.monitoring import Drift, Monitoring, load_monitoring, span
from project.tables import keep_pandas_out


class Seen:
    """What is kept of all rows: counts, a number for each row, and a sample."""

    def __init__(
        self, watched: Watched, reference: pa.Table, settings: Drift, quality: Quality | None
    ) -> None:
        self.quality = quality
        self._reference = reference
        kinds = {**watched.kinds, watched.answer: watched.answer_kind}
        self.histograms: dict[str, Histogram] = {
            name: histogram(reference.column(name), kind, settings.bins)
            for name, kind in kinds.items()
        }
        self.sample = TimeSample(settings.sample_rows, settings.seed)
        self.window: tuple[float, float] | None = None
        self._hashes: list[Array] = []

    def read(self, rows: Rows) -> None:
        """Go through all rows."""
        for batch in rows.batches():
            add_all(self.histograms, self.histograms, batch.table)
            self._hashes.append(row_hashes(batch.table))
            self.sample.add(batch)
            if self.quality:
                self.quality.add(batch)
            if batch.times is not None:
                ends = (float(batch.times.min()), float(batch.times.max()))
                low, high = self.window or ends
                self.window = (min(low, ends[0]), max(high, ends[1]))

    @property
    def evidence(self) -> float:
        """How many rows they are worth."""
        hashes = np.concatenate(self._hashes) if self._hashes else np.empty(0, np.uint64)
        return effective_rows(hashes, row_hashes(self._reference))


def find(
    watched: Watched, reference: pa.Table, seen: Seen, rows: Rows, monitoring: Monitoring
) -> Found:
    """Judge each column, and the prediction."""
    settings, evidence, present = monitoring.drift, seen.evidence, rows.tally.columns
    kinds = {name: kind for name, kind in watched.kinds.items() if name in present}
    kinds[watched.answer] = watched.answer_kind
    judged = [
        judge(name, kind, seen.histograms[name].binned(evidence), evidence, len(kinds), settings)
        for name, kind in kinds.items()
    ]
    return Found(
        watched=watched,
        reference_rows=reference.num_rows,
        reference_digest=f"sha256:{sha256(REFERENCE)}",
        tally=rows.tally,
        window=seen.window,
        evidence=evidence,
        columns=judged[:-1],
        prediction=judged[-1],
        gone=[name for name in watched.kinds if name not in present] if rows.tally.used else [],
        appeared=sorted(present - watched.contract.columns.keys()),
        quality=seen.quality.found(monitoring) if seen.quality else None,
        too_little=_too_little(rows, evidence, settings),
    )


def _too_little(rows: Rows, evidence: float, settings: Drift) -> str | None:
    tally = rows.tally
    if evidence >= settings.min_rows:
        return None
    said = f"{tally.used:,} rows"
    if round(evidence) < tally.used:
        said += f", worth {evidence:,.0f} as many are repeated"
    others = f"; {tally.other_models:,} are of other models" if tally.other_models else ""
    return f"too little data to say: {said}, expected at least {settings.min_rows}{others}"


def evidently_view(
    reference: pa.Table, seen: Seen, found: Found, settings: Drift
) -> EvidentlyView | None:
    """Have Evidently look, at no more rows than there is evidence: its tests count each row."""
    if found.too_little:
        return None
    sample = seen.sample.draw(int(found.evidence))
    judged: list[Judged] = [*found.columns, *([found.prediction] if found.prediction else [])]
    return None if sample is None else look(reference, sample, judged, settings)


def main() -> None:
    """Judge the rows that make names, or what the service has recorded."""
    now = datetime.now(UTC).replace(microsecond=0)
    monitoring = load_monitoring()
    settings = monitoring.drift
    watched, model = read_watched()
    reference = read_reference(watched, model)
    labels = read_labels()
    rows = _rows(watched, settings, now, keyed=labels is not None)
    quality = None if labels is None else Quality(watched, labels)
    seen = Seen(watched, reference, settings, quality)
    seen.read(rows)
    found = find(watched, reference, seen, rows, monitoring)
    view = evidently_view(reference, seen, found, settings)
    result = verdict(found, view, now)
    path = write(result, view)
    print(f"{_headline(result)}\n{path}")
    sys.exit(EXIT[result["verdict"]])


def write(result: dict[str, Any], view: EvidentlyView | None) -> Path:
    """Write page, metrics and, last of all, the verdict."""
    moment = datetime.fromisoformat(result["time"])
    path = DRIFT / f"{moment:%Y%m%dT%H%M%SZ}.json"
    page = path.with_suffix(".html")
    write_text(page, render(result, view))
    registry = write_metrics(result)
    write_json(path, result)
    push(result, registry)
    return page


def _rows(watched: Watched, settings: Drift, now: datetime, keyed: bool) -> Rows:
    current, since = (os.environ.get(name, "") for name in ("CURRENT", "SINCE"))
    path = Path(current) if current else watched.folder
    if current and not path.exists():
        raise UserError(f"CURRENT: {path}: no such file or folder")
    try:
        back = span(since or settings.since)
    except ValueError as error:
        raise UserError(f"SINCE: {error}, got {since}") from None
    # A file that is named is judged whole, unless told otherwise.
    start = None if path.is_file() and not since else now - back
    return RecordedRows(path, watched, start, now, keyed)


def _headline(result: dict[str, Any]) -> str:
    words = {"none": "No drift", "drift": "Drift", "too_little": "No verdict"}
    rows, reference = result["rows"]["used"], result["reference"]["rows"]
    said = f"{words[result['verdict']]}: {rows:,} rows against {reference:,} of the reference"
    return "\n  ".join([said, *result["reasons"]])


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
