"""How many rows a window is worth: a row that is sent again tells nothing new."""

import hashlib

import numpy as np
import pyarrow as pa

from monitoring.batch import Array

#: 2^64 by the golden ratio, an odd number: Knuth's multiplicative hashing.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
#: A part has so many columns whose values seldom come twice: one that is stuck repeats no row.
CONTINUOUS = 3
MOST_PARTS = 4
SURE = 3.0  # standard deviations, beyond which rows are too often alike


class Evidence:
    """Tells repetitions by parts of the columns: a row is one, too, where a value was changed."""

    def __init__(self, reference: pa.Table, columns: list[str]) -> None:
        self._reference = reference.select(columns)
        many = sorted(columns, key=lambda name: -len(reference.column(name).unique()))
        continuous = sum(
            len(reference.column(name).unique()) > reference.num_rows / 2 for name in columns
        )
        count = min(max(continuous // CONTINUOUS, 1), MOST_PARTS)
        self._parts = [many[place::count] for place in range(count)]
        self._hashes: list[list[Array]] = [[] for _ in self._parts]

    def add(self, table: pa.Table) -> None:
        """Look at more rows."""
        for part, hashes in zip(self._parts, self._hashes, strict=True):
            hashes.append(row_hashes(table.select([n for n in part if n in table.column_names])))

    def rows(self, present: set[str]) -> float:
        """Return how many rows they are worth; `present`: columns that were there."""
        worth = [
            effective_rows(
                np.concatenate(hashes),
                row_hashes(self._reference.select([name for name in part if name in present])),
            )
            for part, hashes in zip(self._parts, self._hashes, strict=True)
            if hashes and not present.isdisjoint(part)
        ]
        return min(worth, default=0.0)


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
        result = (result ^ bits) * _GOLDEN
        result ^= result >> np.uint64(29)
    return result


def effective_rows(current: Array, reference: Array) -> float:
    """Return how many rows drawn from the population would tell as much: Kish 1965.

    That is the square of the sum of the rows' weights by the sum of their squares, where rows that
    are alike have one weight together. Rows that are alike by nature, as categories make them, are
    no repetition: their number is what the reference leads one to expect.
    """
    rows, base = len(current), len(reference)
    if not rows:
        return 0.0
    counts = _counts(reference)
    alike = float((counts * (counts - 1)).sum()) / max(base * (base - 1), 1)
    triples = float((counts * (counts - 1) * (counts - 2)).sum()) / max(base, 1) ** 3
    # The variance of such a share, in both samples (Hoeffding 1948).
    variance = 4 * max(triples - alike**2, 0) * (1 / base + 1 / rows)
    variance += 2 * alike * (1 / base**2 + 1 / rows**2)
    expected = alike + SURE * variance**0.5
    counts = _counts(current)
    more = max(float((counts * (counts - 1)).sum()) - rows * (rows - 1) * expected, 0.0)
    return float(rows * rows / (rows + more))


def _counts(hashes: Array) -> Array:
    """Count how often each row comes."""
    return np.unique(hashes, return_counts=True)[1].astype(np.float64)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
