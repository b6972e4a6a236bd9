"""Labelled predictions at the end of the source's own rows."""

import pyarrow as pa

from project.artefacts import FEEDBACK
from project.conversion import labels_of
from project.errors import UserError


def append(table: pa.Table, labelled: pa.Table) -> pa.Table:
    """Add labelled predictions, whose columns are the model's, at the end of the source's rows.

    A column of the source that no model sees is missing in them. Raises `UserError` where they
    have one that the source has not.
    """
    gone = [name for name in labelled.column_names if name not in table.column_names]
    if gone:
        raise UserError(
            f"{FEEDBACK}: column {gone[0]} is not in the data any more; delete the file"
        )
    columns = {}
    for name in table.column_names:
        ours = table.column(name).combine_chunks()
        theirs = pa.nulls(labelled.num_rows, ours.type)
        if name in labelled.column_names:
            theirs = labelled.column(name).combine_chunks()
        columns[name] = pa.concat_arrays(_alike(ours, theirs))
    return pa.table(columns)


def _alike(ours: pa.Array, theirs: pa.Array) -> list[pa.Array]:
    """Bring two arrays to one type: validate reads the same values from it."""
    if ours.type == theirs.type:
        return [ours, theirs]
    numbers = (pa.types.is_integer, pa.types.is_floating)
    if all(any(is_number(array.type) for is_number in numbers) for array in (ours, theirs)):
        return [array.cast(pa.float64()) for array in (ours, theirs)]
    return [labels_of(array) for array in (ours, theirs)]
