"""Write a table of many rows, resampled from scikit-learn's wine data: real shapes, any size.

Run by a project's Python in its folder: `resample.py ROWS FILE`. Of the thirteen columns one
becomes a boolean and two become categories; two more are added, so that there are fifteen; one
value in fifty of three columns is missing.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pipeline.bundled_source import read_bundled
from pyarrow import csv

SEED = 42
NOISE = 0.001  # of a value: rows differ, and what holds for the real ones holds for them
MISSING = 0.02


def resample(rows: int) -> pa.Table:
    """Draw rows with replacement; the same number gives the same table."""
    wine, _, _ = read_bundled("wine")
    random = np.random.default_rng(SEED)
    drawn = wine.take(pa.array(random.integers(0, wine.num_rows, rows)))
    numbers = {
        name: drawn.column(name).to_numpy() * (1 + NOISE * random.standard_normal(rows))
        for name in wine.column_names[:-1]
    }
    columns: dict[str, pa.Array] = {name: pa.array(values) for name, values in numbers.items()}
    columns["proline"] = pa.array(numbers["proline"] > np.median(numbers["proline"]))
    columns["hue"] = _band(numbers["hue"], ("red", "ruby", "garnet", "brick"))
    columns["ash"] = _band(numbers["ash"], ("low", "middle", "high"))
    columns["acid_to_alcohol"] = pa.array(numbers["malic_acid"] / numbers["alcohol"])
    columns["bottles"] = pa.array(random.integers(1, 1000, rows))
    for name in ("magnesium", "hue", "total_phenols"):
        columns[name] = pa.array(columns[name].to_pylist(), mask=random.random(rows) < MISSING)
    return pa.table({**columns, "cultivar": drawn.column("cultivar")})


def _band(values: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    edges = np.quantile(values, np.linspace(0, 1, len(names) + 1)[1:-1])
    return pa.array(np.array(names, dtype=object)[np.searchsorted(edges, values)])


if __name__ == "__main__":
    csv.write_csv(resample(int(sys.argv[1])), Path(sys.argv[2]))
