"""The graph is held against the native model on every test row, and refused where they differ."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from pipeline import export as stage
from project.artefacts import NATIVE, ONNX, PARITY, TEST
from project.errors import one_line
from project.files import read_json
from project.settings.group import build
from project.settings.model import SklearnModel
from project.tables import Contract, write_table

ROWS = 40
CONTRACT = Contract(
    dataset="loans",
    task="regression",
    target="y",
    classes=None,
    columns={"a": "number", "b": "number"},
    sources={"a": "a", "b": "b"},
)
MODEL = {
    "name": "mine",
    "framework": "sklearn",
    "classifier": None,
    "regressor": "sklearn.linear_model.LinearRegression",
    "preprocessing": {"impute": None, "scale": False},
}


@pytest.fixture
def export(folder: Path) -> Callable[[float], None]:
    """Train on rows of which one is so large that float32 tells; return the stage, by tolerance."""
    from pipeline import sklearn_model  # two seconds of scikit-learn, for these tests alone

    random = np.random.default_rng(0)
    a, b = random.normal(size=ROWS), random.normal(size=ROWS)
    train = pa.table({"a": a, "b": b, "y": a - b + 0.1 * random.normal(size=ROWS)})
    # In row 7 two large numbers nearly cancel out: what float32 has lost of them is what is left.
    a[7], b[7] = 1e6 + 1 / 3, 1e6
    write_table(TEST, pa.table({"a": a, "b": b, "y": a - b}), CONTRACT)
    NATIVE.mkdir(parents=True)
    sklearn_model.train(train, CONTRACT, build(SklearnModel, MODEL), 42, NATIVE)

    def run(tolerance: float) -> None:
        settings = {"export": {"opset": 17, "tolerance": tolerance}}
        (folder / "params.yaml").write_text(yaml.safe_dump(settings))
        one_line(stage.main)

    return run


def test_a_graph_that_differs_is_refused_by_its_worst_row(export: Callable[[float], None]) -> None:
    export(1.0)
    before = ONNX.read_bytes()
    assert read_json(PARITY)["rows_beyond_tolerance"] == 0

    with pytest.raises(SystemExit) as refused:
        export(1e-5)

    line = str(refused.value.code)
    assert line.startswith("error: export: ONNX differs from the native model by ")
    assert " in test row 7 (" in line
    assert "export.tolerance is 1e-05; 1 of 40 rows are beyond it" in line
    report = read_json(PARITY)
    assert (report["worst_row"], report["rows_beyond_tolerance"], report["rows"]) == (7, 1, ROWS)
    assert report["max_difference"] > 1e-5
    assert ONNX.read_bytes() == before
