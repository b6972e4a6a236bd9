"""Metrics on parts of the test rows: a model that is good on average may be poor somewhere."""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from project.metrics import Array, Scored, compute

QUANTILES = 4
MOST_GROUPS = 20


def slice_metrics(table: pa.Table, scored: Scored, columns: list[str]) -> dict[str, Any]:
    """Return rows and metrics by group, for each column.

    Numbers are parted at their quartiles, other columns by value (the 20 most common); missing
    values are a group of their own.
    """
    return {
        name: {
            group: {"rows": int(rows.sum()), "metrics": compute(scored.take(rows))}
            for group, rows in _groups(table.column(name)).items()
        }
        for name in columns
    }


def _groups(column: pa.ChunkedArray) -> dict[str, Array]:
    missing = column.is_null().to_numpy()
    if pa.types.is_floating(column.type):
        groups = _quartiles(column.to_numpy(), ~missing)
    else:
        groups = _values(column.cast(pa.string()).to_numpy(), ~missing)
    return groups | ({"missing": missing} if missing.any() else {})


def _values(values: Array, present: Array) -> dict[str, Array]:
    names, counts = np.unique(values[present].astype(str), return_counts=True)
    common = names[np.argsort(-counts, kind="stable")][:MOST_GROUPS]
    return {str(name): values == name for name in common}


def _quartiles(values: Array, present: Array) -> dict[str, Array]:
    if not present.any():
        return {}
    distinct = np.unique(values[present])
    if len(distinct) <= QUANTILES:
        return {_plain(value): values == value for value in distinct}
    edges = np.unique(np.quantile(values[present], np.linspace(0, 1, QUANTILES + 1)))
    groups = {}
    for low, high in pairwise(edges):
        last = high == edges[-1]
        rows = present & (values >= low) & ((values <= high) if last else (values < high))
        groups[f"{_plain(low)} to {_plain(high)}"] = rows
    return groups


def _plain(value: float) -> str:
    """Write an edge to four significant digits at most, without an exponent for common sizes."""
    rounded = float(f"{value:.4g}")
    return f"{rounded:g}" if abs(rounded) < 1e5 else f"{rounded:,.0f}"
