"""What the model turned out to be worth, on the rows whose labels have arrived."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from monitoring.batch import Array, Batch
from monitoring.recorded import key
from monitoring.watched import Watched
from project.artefacts import EVALUATION, LABELS
from project.errors import UserError
from project.files import read_json
from project.intervals import intervals
from project.metrics import Scored
from project.metrics import compute as compute_metrics
from project.settings.monitoring import Monitoring
from project.tables import Contract, read_table

RESAMPLES = 500
#: The longest span of time that is shown in periods of so long.
PERIODS = (
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=60), timedelta(days=1)),
    (timedelta.max, timedelta(days=7)),
)


class Quality:
    """Collects the predictions that have a label."""

    def __init__(self, watched: Watched, labels: pa.Table) -> None:
        self._watched = watched
        self._keys = pa.array(
            map(key, labels.column("request_id").to_pylist(), labels.column("record").to_pylist()),
            pa.string(),
        )
        classes = watched.contract.classes
        values = labels.column("label").combine_chunks()
        # A label that the model cannot answer was given to the predictions of another one.
        self._truth = (
            values if classes is None else compute.index_in(values, pa.array(classes, pa.string()))
        )
        self._parts: list[tuple[Array, Array, Array, Array | None]] = []

    def add(self, batch: Batch) -> None:
        """Keep a batch's rows that have a label."""
        assert batch.keys is not None
        assert batch.scores is not None
        assert batch.times is not None
        truth = self._truth.take(compute.index_in(batch.keys, self._keys))
        # What was no number has no quality: the drift of the prediction counts it as missing.
        finite = np.isfinite(batch.scores.reshape(len(batch.scores), -1)).all(axis=1)
        known = np.flatnonzero(np.asarray(truth.is_valid()) & finite)
        if not len(known):
            return
        answers = batch.table.column(self._watched.answer).take(pa.array(known))
        classes = self._watched.contract.classes
        label = None
        if classes is not None:
            label = compute.index_in(answers, pa.array(classes, pa.string())).to_numpy()
        self._parts.append(
            (batch.times[known], truth.take(pa.array(known)).to_numpy(), batch.scores[known], label)
        )

    def found(self, settings: Monitoring) -> dict[str, Any] | None:
        """Return the quality of the verdict, with its reasons to speak of drift; None of none."""
        if not self._parts:
            return None
        times, truth, scores, labels = (
            None if part[0] is None else np.concatenate(part)
            for part in zip(*self._parts, strict=True)
        )
        assert times is not None
        assert truth is not None
        assert scores is not None
        scored = Scored(truth, scores, labels)
        rows = _metrics(scored, settings)
        return {
            "labelled": len(truth),
            "metrics": rows,
            "over_time": list(_over_time(times, scored)),
            "reasons": [_reason(row) for row in rows if not row["kept"]],
        }


def read_labels(contract: Contract) -> pa.Table | None:
    """Return what make labels has kept; None where there is nothing.

    `UserError` where they are none of what the model answers: those of another data set.
    """
    if not LABELS.exists():
        return None
    labels = read_table(LABELS)
    are_classes = pa.types.is_string(labels.column("label").type)
    if are_classes != (contract.classes is not None):
        kinds = ("classes", "numbers") if are_classes else ("numbers", "classes")
        raise UserError(
            f"{LABELS}: its labels are {kinds[0]}, and the model answers {kinds[1]}; move it away: "
            "it is of another data set"
        )
    return labels


def _metrics(scored: Scored, settings: Monitoring) -> list[dict[str, Any]]:
    """Hold each metric against what it was, and against its floor where rows are enough.

    A floor is kept unless the whole interval lies beyond it: chance alone seldom breaks it.
    """
    if not EVALUATION.exists():
        raise UserError(f"{EVALUATION} is not there; type: make repro")
    offline = read_json(EVALUATION)["metrics"]
    values = compute_metrics(scored)
    enough = len(scored.truth) >= settings.labels.min_rows
    drift = settings.drift
    ends = (
        intervals(scored, RESAMPLES, 1 - 2 * drift.false_alarms, drift.seed)
        if enough
        else dict.fromkeys(values, (None, None))
    )
    rows = []
    for name, value in values.items():
        direction, floor = offline[name]["direction"], offline[name]["threshold"]
        low, high = ends[name]
        worst = high if direction == "higher" else low
        kept = floor is None or worst is None or _reaches(worst, floor, direction)
        rows.append(
            {
                "name": name,
                "direction": direction,
                "offline": offline[name]["value"],
                "current": value,
                "low": low,
                "high": high,
                "floor": floor,
                "kept": kept,
            }
        )
    return rows


def _reaches(value: float, floor: float, direction: str) -> bool:
    return value >= floor if direction == "higher" else value <= floor


def _reason(row: dict[str, Any]) -> str:
    bound = "at least" if row["direction"] == "higher" else "at most"
    return (
        f"{row['name']} is {row['current']:.4g} on labelled rows, must be {bound} {row['floor']:g}"
    )


def _over_time(times: Array, scored: Scored) -> Any:
    """Yield the metrics by period, where there are rows; periods begin at round times in UTC."""
    whole = timedelta(seconds=float(times.max() - times.min()))
    width = next(width for longest, width in PERIODS if whole <= longest).total_seconds()
    period = np.floor(times / width)
    for start in np.unique(period):
        rows = np.flatnonzero(period == start)
        yield {
            "from": datetime.fromtimestamp(start * width, UTC).isoformat(),
            "to": datetime.fromtimestamp((start + 1) * width, UTC).isoformat(),
            "rows": len(rows),
            "metrics": compute_metrics(scored.take(rows)),
        }
