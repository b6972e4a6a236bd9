"""The data sets inside scikit-learn's wheel, read without the two seconds of importing it."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

_CELL = [
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
]


@dataclass(frozen=True)
class _Bundle:
    header: list[str]
    files: list[str]
    delimiter: str = ","
    skip_rows: int = 1  # scikit-learn's first line counts rows, it names nothing
    classes: tuple[str, ...] = ()


_BUNDLES = {
    "wine": _Bundle(
        [
            "alcohol",
            "malic_acid",
            "ash",
            "alcalinity_of_ash",
            "magnesium",
            "total_phenols",
            "flavanoids",
            "nonflavanoid_phenols",
            "proanthocyanins",
            "color_intensity",
            "hue",
            "od280_od315_of_diluted_wines",
            "proline",
            "cultivar",
        ],
        ["wine_data.csv"],
    ),
    "iris": _Bundle(
        ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm", "species"],
        ["iris.csv"],
        classes=("setosa", "versicolor", "virginica"),
    ),
    "breast_cancer": _Bundle(
        [f"mean_{name}" for name in _CELL]
        + [f"{name}_error" for name in _CELL]
        + [f"worst_{name}" for name in _CELL]
        + ["diagnosis"],
        ["breast_cancer.csv"],
        classes=("malignant", "benign"),
    ),
    "digits": _Bundle(
        [f"pixel_{row}_{column}" for row in range(8) for column in range(8)] + ["digit"],
        ["digits.csv.gz"],
        skip_rows=0,
    ),
    "diabetes": _Bundle(
        [
            "age",
            "sex",
            "bmi",
            "bp",
            "total_cholesterol",
            "ldl",
            "hdl",
            "cholesterol_hdl_ratio",
            "log_triglycerides",
            "glucose",
            "progression",
        ],
        ["diabetes_data_raw.csv.gz", "diabetes_target.csv.gz"],
        delimiter=" ",
        skip_rows=0,
    ),
}


def read_bundled(name: str) -> tuple[pa.Table, list[Path], str]:
    """Read a data set by name: its table, the files it came from, scikit-learn's version."""
    bundle = _BUNDLES[name]
    spec = importlib.util.find_spec("sklearn")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data"
    files = [folder / file for file in bundle.files]
    arrays = [column for file in files for column in _read(file, bundle).columns]
    table = pa.table(arrays, names=bundle.header)
    if bundle.classes:
        labels = pa.array(bundle.classes).take(table.column(-1).combine_chunks())
        table = table.set_column(table.num_columns - 1, bundle.header[-1], labels)
    return table, files, importlib.metadata.version("scikit-learn")


def _read(file: Path, bundle: _Bundle) -> pa.Table:
    return csv.read_csv(
        file,
        csv.ReadOptions(autogenerate_column_names=True, skip_rows=bundle.skip_rows),
        csv.ParseOptions(delimiter=bundle.delimiter),
    )
