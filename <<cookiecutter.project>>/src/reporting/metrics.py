"""Metrics as the page shows them: words, and places on a track."""

from dataclasses import dataclass
from typing import Any

from reporting.axes import Axis, within
from reporting.words import (
    METRICS,
    interval_text,
    met,
    metric_name,
    number,
    threshold_text,
    value_text,
)

Bounds = tuple[float | None, float | None]

#: What each metric can be at all; None is without end.
BOUNDS: dict[str, Bounds] = {
    "log_loss": (0, None),
    "rmse": (0, None),
    "mae": (0, None),
    "r2": (None, 1),
}
SHARE: Bounds = (0, 1)


@dataclass(frozen=True)
class Track:
    """Where a value, its interval and its threshold lie, in percent of the track's length."""

    start: str
    end: str
    value: float
    interval: tuple[float, float] | None
    threshold: float | None
    refused: tuple[float, float] | None


@dataclass(frozen=True)
class MetricRow:
    """One metric in words and as a track."""

    name: str
    meaning: str
    direction: str
    value: str
    interval: str
    threshold: str
    met: bool | None
    primary: bool
    track: Track | None


def metric_rows(evaluation: dict[str, Any]) -> list[MetricRow]:
    """Return every metric; those of one kind share an axis, so that they can be compared."""
    rows: dict[str, dict[str, Any]] = evaluation["metrics"]
    axes = {kind: _axis(kind, rows) for kind in {_kind(name, row) for name, row in rows.items()}}
    return [
        MetricRow(
            name=metric_name(name),
            meaning=METRICS.get(name, ("", ""))[1],
            direction=row["direction"],
            value=value_text(row),
            interval=interval_text(row),
            threshold=threshold_text(row),
            met=met(row),
            primary=name == evaluation["primary"],
            track=_track(row, axes[_kind(name, row)]),
        )
        for name, row in rows.items()
    ]


def _kind(name: str, row: dict[str, Any]) -> tuple[Bounds, str]:
    return BOUNDS.get(name, SHARE), row["direction"]


def _axis(kind: tuple[Bounds, str], rows: dict[str, dict[str, Any]]) -> Axis | None:
    values = [
        row[key]
        for name, row in rows.items()
        if _kind(name, row) == kind
        for key in ("value", "low", "high", "threshold")
        if row[key] is not None
    ]
    return within(values, kind[0]) if values else None


def _track(row: dict[str, Any], axis: Axis | None) -> Track | None:
    if axis is None or row["value"] is None:
        return None
    bounded = row["low"] is not None and row["high"] is not None
    threshold = None if row["threshold"] is None else axis.at(row["threshold"])
    refused = None
    if threshold is not None:
        higher = row["direction"] == "higher"
        refused = (0.0, threshold) if higher else (threshold, 100 - threshold)
    low, high = (axis.at(row["low"]), axis.at(row["high"])) if bounded else (0.0, 0.0)
    return Track(
        start=number(axis.low),
        end=number(axis.high),
        value=axis.at(row["value"]),
        interval=(low, round(high - low, 2)) if bounded else None,
        threshold=threshold,
        refused=refused,
    )
