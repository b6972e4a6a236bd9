"""How many rows a window is worth: a row that is sent again tells nothing new."""

import hashlib

import numpy as np
import pyarrow as pa

from monitoring.batch import Array

_PRIME = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(table: pa.Table) -> Array:
    """Return a 64-bit number for each row, the same for the same values: shape (rows,)."""
    result = np.zeros(table.num_rows, np.uint64)
    for column in table.columns:
        if pa.types.is_floating(column.type):
            bits = column.to_numpy().astype(np.float32).view(np.uint32).astype(np.uint64)
        else:
            encoded = column.combine_chunks().cast(pa.string()).dictionary_encode()
            names = np.array([_hash(text) for text in encoded.dictionary.to_pylist()], np.uint64)
            codes = encoded.indices.fill_null(len(names)).to_numpy()
            bits = np.append(names, np.uint64(0))[codes]
        result = (result ^ bits) * _PRIME
        result ^= result >> np.uint64(29)
    return result


def effective_rows(current: Array, reference: Array) -> float:
    """Return how many rows drawn from the population would tell as much: Kish 1965.

    That is the square of the sum of the rows' weights by the sum of their squares, where rows that
    are alike have one weight together. Rows that are alike by nature, as categories make them, are
    no repetition: their number is what the reference leads one to expect.
    """
    rows = len(current)
    if not rows:
        return 0.0
    expected = _pairs(reference) / max(len(reference) * (len(reference) - 1), 1)
    more = max(_pairs(current) - rows * (rows - 1) * expected, 0.0)
    return rows * rows / (rows + more)


def _pairs(hashes: Array) -> float:
    """Count ordered pairs of rows that are alike."""
    _, counts = np.unique(hashes, return_counts=True)
    wide = counts.astype(np.float64)
    return float((wide * (wide - 1)).sum())


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
