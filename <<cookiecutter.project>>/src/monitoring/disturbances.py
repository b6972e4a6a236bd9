"""Ways in which traffic can differ from what a model learned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from monitoring.batch import Array
from project.errors import UserError
from project.tables import Contract

SHIFT, NOISE = 1.5, 2.0  # standard deviations
MISSING, NEW = 0.3, 0.3  # shares of values
MOST = 0.8  # of the rows are of one class, or of the upper third of a number
NEW_CATEGORY = "never_seen_before"

Disturb = Callable[[pa.Table, pa.Table, Contract, np.random.Generator], pa.Table]


@dataclass(frozen=True)
class Disturbance:
    """disturb: changes drawn rows, knowing the whole split. weights: by row, None for alike."""

    disturb: Disturb
    weights: Callable[[pa.Table, Contract], Array | None] = lambda test, contract: None


def _none(
    rows: pa.Table, test: pa.Table, contract: Contract, random: np.random.Generator
) -> pa.Table:
    return rows


def _shift(
    rows: pa.Table, test: pa.Table, contract: Contract, random: np.random.Generator
) -> pa.Table:
    """Move each number by so many standard deviations."""
    return _numbers(rows, test, contract, lambda values, spread: values + SHIFT * spread)


def _noise(
    rows: pa.Table, test: pa.Table, contract: Contract, random: np.random.Generator
) -> pa.Table:
    """Blur each number: its mean stays."""
    return _numbers(
        rows,
        test,
        contract,
        lambda values, spread: values + random.normal(0, NOISE * spread, len(values)),
    )


def _missing(
    rows: pa.Table, test: pa.Table, contract: Contract, random: np.random.Generator
) -> pa.Table:
    """Take values out of every column."""
    for name in contract.columns:
        gone = pa.array(random.random(rows.num_rows) < MISSING)
        rows = _with(rows, name, compute.if_else(gone, None, rows.column(name)))
    return rows


def _new_category(
    rows: pa.Table, test: pa.Table, contract: Contract, random: np.random.Generator
) -> pa.Table:
    """Put a value that nobody has seen into every column of categories."""
    for name in _some(contract, "category"):
        new = pa.array(random.random(rows.num_rows) < NEW)
        rows = _with(rows, name, compute.if_else(new, NEW_CATEGORY, rows.column(name)))
    return rows


def _rare_first(test: pa.Table, contract: Contract) -> Array:
    """Weigh rows so that the rarest class, or the upper third of a number, makes most of them."""
    target = test.column(contract.target).to_numpy()
    if contract.classes:
        names, counts = np.unique(target.astype(str), return_counts=True)
        chosen = target.astype(str) == names[counts.argmin()]
    else:
        chosen = target >= np.quantile(target, 2 / 3)
    if chosen.all():
        raise UserError("DRIFT: label-shift: the test split has one class only")
    weights = np.where(chosen, MOST / chosen.sum(), (1 - MOST) / (~chosen).sum())
    return np.asarray(weights / weights.sum())


DISTURBANCES = {
    "none": Disturbance(_none),
    "shift": Disturbance(_shift),
    "noise": Disturbance(_noise),
    "missing": Disturbance(_missing),
    "new-category": Disturbance(_new_category),
    "label-shift": Disturbance(_none, _rare_first),
}


def _numbers(
    rows: pa.Table, test: pa.Table, contract: Contract, change: Callable[[Array, float], Array]
) -> pa.Table:
    for name in _some(contract, "number"):
        spread = compute.stddev(test.column(name)).as_py() or 1.0
        values = rows.column(name).to_numpy().astype(np.float64)
        rows = _with(rows, name, pa.array(change(values, spread), from_pandas=True))
    return rows


def _some(contract: Contract, kind: Any) -> list[str]:
    names = contract.of_type(kind)
    if not names:
        raise UserError(f"DRIFT: the model has no column of type {kind}; choose another drift")
    return names


def _with(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)
