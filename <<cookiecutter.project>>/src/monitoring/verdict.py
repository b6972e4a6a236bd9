"""The verdict as JSON, whose keys docs/drift.md names: `format` changes when they do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitoring.batch import Tally
from monitoring.evidently_report import EvidentlyView
from monitoring.gate import TEST, Judged
from monitoring.watched import Watched

FORMAT = 1
EXIT = {"none": 0, "drift": 3, "too_little": 4}


@dataclass(frozen=True)
class Found:
    """All that a run has found; nothing is judged where rows are too few."""

    watched: Watched
    reference_rows: int
    reference_digest: str
    tally: Tally
    window: tuple[float, float] | None
    evidence: float
    columns: list[Judged]
    prediction: Judged | None
    gone: list[str]
    appeared: list[str]
    quality: dict[str, Any] | None
    too_little: str | None  # why there is no verdict

    @property
    def judged(self) -> list[Judged]:
        """All that is judged, the prediction last."""
        return [*self.columns, *([self.prediction] if self.prediction else [])]


def reasons(found: Found) -> list[str]:
    """Say why the verdict is what it is; nothing where there is no drift."""
    if found.too_little:
        return [found.too_little]
    moved = sorted((one for one in found.judged if one.drifted), key=lambda one: -one.score)
    return [
        *(f"column {name} is gone" for name in found.gone),
        *(_moved(one, one is found.prediction) for one in moved),
        *((found.quality or {}).get("reasons", [])),
    ]


def verdict(found: Found, view: EvidentlyView | None, now: datetime) -> dict[str, Any]:
    """Return the verdict."""
    why = reasons(found)
    word = "too_little" if found.too_little else "drift" if why else "none"
    watched, tally = found.watched, found.tally
    columns = [column(one) for one in found.columns]
    return {
        "format": FORMAT,
        "time": now.isoformat(timespec="seconds"),
        "verdict": word,
        "exit_code": EXIT[word],
        "reasons": why,
        "model": {"name": watched.name, "version": watched.version, "digest": watched.digest},
        "window": _window(found.window),
        "reference": {"rows": found.reference_rows, "digest": found.reference_digest},
        "rows": {
            "used": tally.used,
            "effective": round(found.evidence, 1),
            "unreadable": tally.unreadable,
            "other_models": tally.other_models,
            "ahead": tally.ahead,
            "sampled": view.rows if view else 0,
        },
        "columns": columns,
        "prediction": column(found.prediction) if found.prediction else None,
        "appeared": found.appeared,
        "gone": found.gone,
        "left_out": sorted(watched.left_out),
        "quality": _without_reasons(found.quality),
        "evidently": _evidently(found, view),
    }


def column(one: Judged) -> dict[str, Any]:
    """Return what is found of a column; shares are of all rows, missing ones among them."""
    counts = one.binned
    rows = [
        max(int(part.sum()) + missing, 1)
        for part, missing in (
            (counts.reference, counts.reference_missing),
            (counts.current, counts.current_missing),
        )
    ]
    return {
        "name": one.name,
        "kind": one.kind,
        "test": TEST,
        "score": round(one.score, 6),
        "threshold": round(one.threshold, 6),
        "drifted": one.drifted,
        "missing": {
            "reference": _share(counts.reference_missing, rows[0]),
            "current": _share(counts.current_missing, rows[1]),
        },
        "unseen": None if counts.unseen is None else _share(counts.unseen, rows[1]),
        "distribution": {
            ("bins" if one.kind == "number" else "categories"): counts.names,
            "reference": [_share(count, rows[0]) for count in counts.reference],
            "current": [_share(count, rows[1]) for count in counts.current],
        },
    }


def _moved(one: Judged, is_prediction: bool) -> str:
    what = "the prediction" if is_prediction else f"column {one.name}"
    shares = column(one)
    said = f"{what} has drifted: PSI {one.score:.2g}, and from {one.threshold:.2g} it is drift"
    before, now = shares["missing"]["reference"], shares["missing"]["current"]
    if now - before > 0.01:
        said += f"; {now:.0%} are missing, {before:.0%} were"
    if (shares["unseen"] or 0) > 0.01:
        said += f"; {shares['unseen']:.0%} are unseen in training"
    return said


def _window(window: tuple[float, float] | None) -> dict[str, str | None]:
    ends = [datetime.fromtimestamp(end, UTC).isoformat() for end in window] if window else None
    return dict(zip(("from", "to"), ends or (None, None), strict=True))


def _evidently(found: Found, view: EvidentlyView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    ours = [one.name for one in found.judged if one.drifted and one.name not in view.left_out]
    agrees = None if view.error else bool(ours) == bool(view.drifted)
    return {
        "rows": view.rows,
        "drifted": view.drifted,
        "agrees": agrees,
        "error": view.error,
    }


def _without_reasons(quality: dict[str, Any] | None) -> dict[str, Any] | None:
    return quality and {key: value for key, value in quality.items() if key != "reasons"}


def _share(count: Any, rows: int) -> float:
    return round(float(count) / rows, 6)
