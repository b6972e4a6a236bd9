"""Two runs side by side, as Markdown that GitHub and GitLab show: a table, and plots by Mermaid."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reporting.words import compact, metric_name

MOST_POINTS = 40  # of a curve: more cannot be told apart at this size


@dataclass(frozen=True)
class Run:
    """What a run came to: evaluation.json, and the text of curves.csv, which may be empty."""

    name: str
    evaluation: dict[str, Any]
    curves: str


def markdown(ours: Run, base: Run | str) -> str:
    """Compare a run with that of the base; a text in its place says why there is none."""
    other = base if isinstance(base, Run) else None
    lines = ["## The model in a small run", "", _verdict(ours)]
    if not isinstance(base, Run):
        lines += ["", f"Not compared: {base}."]
    elif other and other.evaluation["dataset"] != ours.evaluation["dataset"]:
        lines += ["", f"{other.name} runs on {other.evaluation['dataset']}: other rows."]
    lines += ["", *_table(ours, other), "", *_bars(ours, other)]
    for run in filter(None, (ours, other)):
        lines += _curve(run)
    return "\n".join(lines) + "\n"


def _verdict(run: Run) -> str:
    found = run.evaluation
    rows = f"{found['dataset']}, {found['rows']:,} rows to test"
    if found["verdict"] == "passed":
        return f"✓ Passed · {rows}"
    return f"✕ Refused · {rows}: {'; '.join(found['reasons'])}"


def _table(ours: Run, base: Run | None) -> Iterator[str]:
    names = [base.name] if base else []
    header = ["Metric", *names, ours.name, *(["Change"] if base else []), "Must be"]
    yield _row(header)
    yield _row(["---", *["---:"] * (len(header) - 2), "---"])
    theirs = base.evaluation["metrics"] if base else {}
    for name, row in ours.evaluation["metrics"].items():
        cells = [metric_name(name)]
        if base:
            cells.append(_value(theirs.get(name)))
        cells.append(f"{_value(row)} ({_short(row['low'])} – {_short(row['high'])})")
        if base:
            cells.append(change(row, theirs.get(name)))
        yield _row([*cells, _threshold(row)])


def change(row: dict[str, Any], other: dict[str, Any] | None) -> str:
    """Say how a metric has moved; within the intervals' overlap, that it says little."""
    if not other or row["value"] is None or other["value"] is None:
        return "–"
    moved = row["value"] - other["value"]
    if moved == 0:
        return "same"
    better = (moved > 0) == (row["direction"] == "higher")
    word = "better" if better else "worse"
    if None not in (row["low"], other["low"]) and _overlap(row, other):
        word += ", within the intervals"
    return f"{'+' if moved > 0 else ''}{compact(moved)}, {word}"


def _overlap(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(row["low"] <= other["high"] and other["low"] <= row["high"])


def _bars(ours: Run, base: Run | None) -> Iterator[str]:
    """Draw the metrics that lie between 0 and 1, ours beside the base's."""
    theirs = base.evaluation["metrics"] if base else {}
    shown = {
        name: (row["value"], theirs.get(name, row)["value"])
        for name, row in ours.evaluation["metrics"].items()
        if _is_share(row) and (not theirs or _is_share(theirs.get(name)))
    }
    if not shown:
        return
    names = ", ".join(f'"{metric_name(name)}"' for name in shown)
    yield from ("```mermaid", "xychart-beta")
    yield f'    title "Metrics: bars {ours.name}{f", line {base.name}" if base else ""}"'
    yield f"    x-axis [{names}]"
    yield "    y-axis 0 --> 1"
    yield f"    bar [{', '.join(f'{mine:.4f}' for mine, _ in shown.values())}]"
    if base:
        yield f"    line [{', '.join(f'{other:.4f}' for _, other in shown.values())}]"
    yield from ("```", "")


def _curve(run: Run) -> Iterator[str]:
    """Draw the loss by step, where training has steps."""
    rows = list(csv.DictReader(io.StringIO(run.curves)))
    columns = [name for name in (rows[0] if rows else {}) if name != "step"]
    drawn = {name: [row[name] for row in rows] for name in columns}
    whole = {name: values for name, values in drawn.items() if all(map(_is_number, values))}
    if len(rows) < 2 or not whole:
        return
    every = math.ceil(len(rows) / MOST_POINTS)
    yield from ("```mermaid", "xychart-beta")
    yield f'    title "Loss by step, {run.name}: {", ".join(whole)}"'
    yield f"    x-axis 1 --> {len(rows)}"
    for values in whole.values():
        yield f"    line [{', '.join(f'{float(value):.4f}' for value in values[::every])}]"
    yield from ("```", "")


def _is_share(row: dict[str, Any] | None) -> bool:
    return row is not None and row["value"] is not None and 0 <= row["value"] <= 1


def _is_number(text: str | None) -> bool:
    try:
        return math.isfinite(float(text or ""))
    except ValueError:
        return False


def _value(row: dict[str, Any] | None) -> str:
    return "–" if row is None else _short(row["value"])


def _short(value: float | None) -> str:
    return "–" if value is None else compact(value)


def _threshold(row: dict[str, Any]) -> str:
    if row["threshold"] is None:
        return ""
    bound = "at least" if row["direction"] == "higher" else "at most"
    return f"{bound} {row['threshold']:g}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
