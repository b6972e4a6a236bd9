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
    name = "no value" if "missing" in groups else "missing"
    return groups | ({name: missing} if missing.any() else {})


def _values(values: Array, present: Array) -> dict[str, Array]:
    names, counts = np.unique(values[present].astype(str), return_counts=True)
    common = names[np.argsort(-counts, kind="stable")][:MOST_GROUPS]
    return {str(name): values == name for name in common}


def _quartiles(values: Array, present: Array) -> dict[str, Array]:
    if not present.any():
        return {}
    distinct = np.unique(values[present])
    if len(distinct) <= QUANTILES:
        names = _names(distinct)
        return {name: values == value for name, value in zip(names, distinct, strict=True)}
    edges = np.unique(np.quantile(values[present], np.linspace(0, 1, QUANTILES + 1)))
    groups = {}
    for (low, first), (high, end) in pairwise(zip(edges, _names(edges), strict=True)):
        last = high == edges[-1]
        rows = present & (values >= low) & ((values <= high) if last else (values < high))
        groups[f"{first} to {end}"] = rows
    return groups


def _names(edges: Array) -> list[str]:
    """Write edges to four significant digits, or to as many more as tell them apart."""
    names = [""] * len(edges)
    for digits in range(4, 18):
        names = [_plain(float(edge), digits) for edge in edges]
        if len(set(names)) == len(edges):
            break
    return names


def _plain(value: float, digits: int) -> str:
    """Write a number to some significant digits, without an exponent for common sizes."""
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) < 1e5:
        return f"{rounded:.{max(digits, 6)}g}"
    return f"{rounded:,}".removesuffix(".0")
