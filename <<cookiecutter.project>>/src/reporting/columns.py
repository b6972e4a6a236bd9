"""What each column holds, by the validation's summary and a sample of the training rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from markupsafe import Markup
from pyarrow import parquet

from project.artefacts import REFERENCE, REJECTED
from reporting.drawing import sparkline
from reporting.run import Run
from reporting.words import number

BINS = 28
MOST_REJECTED = 10


@dataclass(frozen=True)
class ColumnRow:
    """One column in words, with its distribution."""

    name: str
    own_name: str
    kind: str
    rule: str
    holds: str
    missing: str
    shape: Markup


def column_rows(run: Run) -> list[ColumnRow]:
    """Return the input columns, in order, and the target last."""
    specs: dict[str, Any] = run.params["dataset"]["columns"]
    target = run.params["dataset"]["target"]
    reference = parquet.read_table(REFERENCE)
    total = run.validation["rows"]["valid"]
    rows = []
    for name, summary in run.validation["columns"].items():
        spec = specs.get(name, target | {"missing": False})
        rows.append(
            ColumnRow(
                name=name,
                own_name=run.own_name(name),
                kind=summary["type"] + (", target" if name == target["name"] else ""),
                rule=_rule(spec),
                holds=_holds(summary),
                missing=f"{summary['missing'] / total:.1%} missing" if summary["missing"] else "",
                shape=sparkline(_counts(reference, name, summary)),
            )
        )
    return rows


def rejected_rows(run: Run) -> list[tuple[str, str]]:
    """Return some of the rows that were set aside: the rule that each broke, and the value."""
    table = parquet.read_table(REJECTED).slice(0, MOST_REJECTED)
    rows = []
    for row in table.to_pylist():
        rule = str(row["rejected_because"])
        column = rule.rsplit(": ", 1)[0]
        value = row.get(column)
        rows.append((rule, "missing" if value is None else str(value)))
    return rows


def class_counts(run: Run) -> dict[str, int]:
    """Return the valid rows of each class, common ones first; empty for regression."""
    summary = run.validation["columns"][run.evaluation["target"]]
    return dict(summary.get("most_common", {}))


def _rule(spec: dict[str, Any]) -> str:
    low, high = spec.get("min"), spec.get("max")
    parts = []
    if low is not None and high is not None:
        parts.append(f"{number(low)} to {number(high)}")
    elif low is not None:
        parts.append(f"≥ {number(low)}")
    elif high is not None:
        parts.append(f"≤ {number(high)}")
    if spec.get("values"):
        parts.append(f"one of {len(spec['values'])}")
    if spec.get("classes"):
        parts.append(f"one of {len(spec['classes'])}")
    if not spec.get("missing", True):
        parts.append("required")
    return ", ".join(parts)


def _holds(summary: dict[str, Any]) -> str:
    if summary["type"] == "number":
        return (
            f"{number(summary['min'])} to {number(summary['max'])}, mean {number(summary['mean'])}"
        )
    names = list(summary["most_common"])
    shown = ", ".join(_shortened(name) for name in names[:3])
    more = summary["distinct"] - min(len(names), 3)
    return shown + (f" and {more:,} more" if more else "")


def _shortened(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _counts(reference: pa.Table, name: str, summary: dict[str, Any]) -> list[int]:
    if summary["type"] != "number":
        return list(summary["most_common"].values())
    values = reference.column(name).drop_null().to_numpy()
    return [int(n) for n in np.histogram(values, BINS)[0]] if len(values) else [0]
