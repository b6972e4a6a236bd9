"""What a table looks like to a model: one array for each raw column."""

from typing import Any

import numpy as np
import pyarrow as pa

from project.tables import Contract

Inputs = dict[str, np.ndarray[Any, Any]]


def model_inputs(table: pa.Table, contract: Contract) -> Inputs:
    """Return each input column as an array of shape (rows,).

    Numbers and booleans are float32, NaN where missing; categories are str objects, "" where
    missing, which is a category of its own when train had it and an unseen one when it had not.
    """
    inputs: Inputs = {}
    for name, kind in contract.columns.items():
        column = table.column(name)
        if kind == "category":
            inputs[name] = column.fill_null("").to_numpy().astype(object)
        else:
            floats = column.cast(pa.float32(), safe=False)
            inputs[name] = floats.to_numpy().astype(np.float32, copy=False)
    return inputs


def target_values(table: pa.Table, contract: Contract) -> np.ndarray[Any, Any]:
    """Return the target, shape (rows,): the index of its class (int64), or a float64."""
    column = table.column(contract.target)
    if contract.classes is None:
        return np.asarray(column.to_numpy(), dtype=np.float64)
    from pyarrow import compute

    return np.asarray(
        compute.index_in(column, pa.array(contract.classes, pa.string())).to_numpy(), dtype=np.int64
    )
