"""Rows of bars and dots: importance, slices, shares of classes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporting.axes import Axis, within
from reporting.metrics import BOUNDS, SHARE
from reporting.run import Run
from reporting.words import decimals, fixed, number


@dataclass(frozen=True)
class Bar:
    """A bar from `start` over `width` percent of its row; without them there is no number."""

    name: str
    value: str
    start: float | None = None
    width: float = 0
    note: str = ""


@dataclass(frozen=True)
class Slice:
    """A column's groups by the primary metric, and all metrics of each as text."""

    column: str
    groups: list[Bar]
    metrics: list[list[str]]


@dataclass(frozen=True)
class Slices:
    """All sliced columns on one scale, with the whole's value and interval on it."""

    columns: list[Slice]
    start: str
    end: str
    whole: float | None
    spread: tuple[float, float] | None


def importance(run: Run) -> list[Bar]:
    """Return what the primary metric loses without each column, in the report's order."""
    losses: dict[str, float | None] = run.evaluation["importance"]
    known = [loss for loss in losses.values() if loss is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    span = (high - low) or 1.0
    places = max(2 - math.floor(math.log10(span)), 0)
    return [
        Bar(run.own_name(name), "not defined")
        if loss is None
        else Bar(
            run.own_name(name),
            fixed(loss, places),
            round(100 * (min(loss, 0) - low) / span, 2),
            round(100 * abs(loss) / span, 2),
        )
        for name, loss in losses.items()
    ]


def slices(run: Run) -> Slices | None:
    """Return the sliced columns; None where there is none, or no group has a number."""
    metric = run.primary
    whole = run.evaluation["metrics"][metric]
    columns = {name: groups for name, groups in run.evaluation["slices"].items() if groups}
    values = [
        group["metrics"].get(metric) for groups in columns.values() for group in groups.values()
    ]
    known = [v for v in (*values, whole["value"], whole["low"], whole["high"]) if v is not None]
    if not columns or not known:
        return None
    axis = within(known, BOUNDS.get(metric, SHARE))
    bounded = whole["low"] is not None and whole["high"] is not None
    low, high = (axis.at(whole["low"]), axis.at(whole["high"])) if bounded else (0.0, 0.0)
    return Slices(
        columns=[_slice(run, name, groups, axis) for name, groups in columns.items()],
        start=number(axis.low),
        end=number(axis.high),
        whole=None if whole["value"] is None else axis.at(whole["value"]),
        spread=(low, round(high - low, 2)) if bounded else None,
    )


def _slice(run: Run, column: str, groups: dict[str, Any], axis: Axis) -> Slice:
    places = decimals(run.evaluation["metrics"][run.primary])
    bars = []
    for name, group in groups.items():
        value = group["metrics"].get(run.primary)
        text = "not defined" if value is None else fixed(value, places)
        at = None if value is None else axis.at(value)
        bars.append(Bar(name, text, at, note=f"{group['rows']:,} rows"))
    metrics = [
        [name, f"{group['rows']:,}", *(number(value) for value in group["metrics"].values())]
        for name, group in groups.items()
    ]
    return Slice(run.own_name(column), bars, metrics)


def shares(counts: Mapping[str, int]) -> list[Bar]:
    """Return each name's share of all rows, in the given order."""
    total = sum(counts.values()) or 1
    return [
        Bar(name, f"{count:,}", 0, round(100 * count / total, 2), f"{count / total:.1%}")
        for name, count in counts.items()
    ]
