"""Hold what the service saw against what the model learned: `make drift`.

Ends with 0 where there is no drift, 3 where there is, 4 where there is too little data to say, and
1 on an error, so that a scheduler can act. make itself turns all of these but 0 into its own 2:
schedulers call `bin/python -m monitoring.drift`, with CURRENT and SINCE in its environment.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from monitoring.batch import Rows
from monitoring.current import current_rows
from monitoring.evidence import Evidence
from monitoring.evidently_report import EvidentlyView, look
from monitoring.gate import judge
from monitoring.histograms import Histogram, histogram
from monitoring.publish import push
from monitoring.quality import Quality, read_labels
from monitoring.sample import TimeSample
from monitoring.verdict import EXIT, Found, verdict
from monitoring.verdict_files import refuse_clock_that_went_back, write_verdict
from monitoring.watched import Watched, read_reference, read_watched
from project.artefacts import REFERENCE
from project.errors import one_line
from project.files import sha256
from project.settings.monitoring import Drift, Monitoring, load_monitoring
from project.tables import keep_pandas_out


class Seen:
    """What is kept of all rows: counts, a few numbers for each row, and a sample."""

    def __init__(
        self, watched: Watched, reference: pa.Table, settings: Drift, quality: Quality | None
    ) -> None:
        self.quality = quality
        self.evidence = Evidence(reference, list(watched.kinds))
        self.kinds = {**watched.kinds, watched.answer: watched.answer_kind}
        self.histograms: dict[str, Histogram] = {
            name: histogram(reference.column(name), kind, settings.bins)
            for name, kind in self.kinds.items()
        }
        self.sample = TimeSample(settings.sample_rows, settings.seed)
        self.window: tuple[float, float] | None = None

    def read(self, rows: Rows) -> None:
        """Go through all rows."""
        for batch in rows.batches():
            for name in batch.table.column_names:
                self.histograms[name].add(batch.table.column(name))
            self.evidence.add(batch.table)
            self.sample.add(batch)
            if self.quality and batch.keys is not None:
                self.quality.add(batch)
            if batch.times is not None:
                ends = (float(batch.times.min()), float(batch.times.max()))
                low, high = self.window or ends
                self.window = (min(low, ends[0]), max(high, ends[1]))


def find(
    watched: Watched, reference: pa.Table, seen: Seen, rows: Rows, monitoring: Monitoring
) -> Found:
    """Judge each column, and the prediction."""
    settings, present = monitoring.drift, rows.tally.columns
    evidence = seen.evidence.rows(present)
    too_little = _too_little(rows, evidence, settings)
    kinds = {} if too_little else {name: seen.kinds[name] for name in seen.kinds if name in present}
    judged = {
        name: judge(
            name, kind, seen.histograms[name].binned(evidence), evidence, len(kinds), settings
        )
        for name, kind in kinds.items()
    }
    return Found(
        watched=watched,
        reference_rows=reference.num_rows,
        reference_digest=f"sha256:{sha256(REFERENCE)}",
        tally=rows.tally,
        window=seen.window,
        evidence=evidence,
        columns=[one for name, one in judged.items() if name != watched.answer],
        prediction=judged.get(watched.answer),
        gone=[] if too_little else [name for name in watched.kinds if name not in present],
        appeared=sorted(present - watched.contract.columns.keys() - {watched.answer}),
        quality=seen.quality.found(monitoring) if seen.quality else None,
        too_little=too_little,
    )


def _too_little(rows: Rows, evidence: float, settings: Drift) -> str | None:
    tally = rows.tally
    if evidence >= settings.min_rows:
        return None
    said = f"{tally.used:,} rows"
    if round(evidence) < tally.used:
        said += f", worth {evidence:,.0f} as many are repeated"
    others = ""
    if tally.other_models:
        are = "is of another model" if tally.other_models == 1 else "are of other models"
        others = f"; {tally.other_models:,} {are}"
    return f"too little data to say: {said}, expected at least {settings.min_rows}{others}"


def evidently_view(
    reference: pa.Table, seen: Seen, found: Found, settings: Drift
) -> EvidentlyView | None:
    """Have Evidently look, at no more rows than there is evidence: its tests count each row."""
    if found.too_little:
        return None
    sample = seen.sample.draw(int(found.evidence))
    return None if sample is None else look(reference, sample, found.judged, settings)


def main() -> None:
    """Judge the rows that make names, or what the service has recorded."""
    now = datetime.now(UTC).replace(microsecond=0)
    refuse_clock_that_went_back(now)
    monitoring = load_monitoring()
    settings = monitoring.drift
    watched, model = read_watched()
    reference = read_reference(watched, model)
    labels = read_labels(watched.contract)
    rows = current_rows(watched, model, settings, now, keyed=labels is not None)
    quality = None if labels is None else Quality(watched, labels)
    seen = Seen(watched, reference, settings, quality)
    seen.read(rows)
    found = find(watched, reference, seen, rows, monitoring)
    view = evidently_view(reference, seen, found, settings)
    result = verdict(found, view, now)
    path, registry = write_verdict(result, view)
    push(result, registry)
    print(f"{_headline(result)}\n{path}")
    sys.exit(EXIT[result["verdict"]])


def _headline(result: dict[str, Any]) -> str:
    words = {"none": "No drift", "drift": "Drift", "too_little": "No verdict"}
    rows, reference = result["rows"]["used"], result["reference"]["rows"]
    said = f"{words[result['verdict']]}: {rows:,} rows against {reference:,} of the reference"
    return "\n  ".join([said, *result["reasons"]])


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
