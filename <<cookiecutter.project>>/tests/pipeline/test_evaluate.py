"""A graph is judged and taken apart, and whatever it answers is written down to be looked at."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
import yaml
from onnx import TensorProto, helper

from pipeline import evaluate as stage
from pipeline.plots import plot_tables
from pipeline.slices import slice_metrics
from project.artefacts import EVALUATION, GOLDEN, METRICS, ONNX, PLOTS, TEST
from project.errors import one_line
from project.files import read_json
from project.metrics import Scored
from project.tables import Contract, write_table

#: "a" alone tells the price; where it is missing the answer is no number.
CONTRACT = Contract(
    dataset="houses",
    task="regression",
    target="price",
    classes=None,
    columns={"noise": "number", "a": "number", "colour": "category"},
    sources={"noise": "noise", "a": "a", "colour": "colour"},
)
ROWS = 41  # so that a quarter ends at a row
Evaluate = Callable[..., dict[str, Any]]


@pytest.fixture
def evaluate(folder: Path) -> Evaluate:
    """Return the stage, on a graph that doubles `a`, by thresholds and the first value of `a`."""
    ONNX.parent.mkdir(parents=True)
    save_graph()

    def run(first: float | None = 0.0, **thresholds: float) -> dict[str, Any]:
        a = [first, *map(float, range(1, ROWS))]
        random = np.random.default_rng(0)
        table = {
            "noise": random.normal(size=ROWS),
            "a": pa.array(a, pa.float64()),
            "colour": [None if row % 4 == 3 else "rgb"[row % 3] for row in range(ROWS)],
            "price": [2.0 * row + 0.1 * (-1) ** row for row in range(ROWS)],
        }
        write_table(TEST, pa.table(table), CONTRACT)
        evaluation = {
            "primary": "rmse",
            "thresholds": thresholds,
            "slices": ["a", "colour"],
            "resamples": 100,
            "confidence": 0.95,
        }
        params = {"seed": 7, "evaluation": evaluation}
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        one_line(stage.main)
        return dict(read_json(EVALUATION))

    return run


def save_graph() -> None:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Mul", ["a", "two"], ["prediction"])],
        "houses",
        [
            value("noise", TensorProto.FLOAT, ["batch", 1]),
            value("a", TensorProto.FLOAT, ["batch", 1]),
            value("colour", TensorProto.STRING, ["batch", 1]),
        ],
        [value("prediction", TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"contract": CONTRACT.to_json()})
    onnx.save(model, ONNX)


def test_a_good_model_passes_and_its_metrics_stand_for_themselves(evaluate: Evaluate) -> None:
    report = evaluate(rmse=1.0)

    assert (report["verdict"], report["reasons"]) == ("passed", [])
    rmse = report["metrics"]["rmse"]
    assert rmse["value"] == pytest.approx(0.1)
    assert (rmse["direction"], rmse["threshold"]) == ("lower", 1.0)
    assert rmse["low"] <= rmse["value"] <= rmse["high"]
    assert read_json(METRICS) == {name: row["value"] for name, row in report["metrics"].items()}


def test_a_miss_is_refused_and_everything_is_written_all_the_same(evaluate: Evaluate) -> None:
    report = evaluate(rmse=0.05)

    assert report["verdict"] == "refused"
    assert report["reasons"] == ["rmse is 0.1, must be at most 0.05"]
    assert len(residuals()) == ROWS


def test_an_answer_that_is_no_number_refuses_and_can_be_looked_at(evaluate: Evaluate) -> None:
    report = evaluate(first=None)

    assert report["verdict"] == "refused"
    assert report["reasons"] == [f"{name} is not a number" for name in ("rmse", "mae", "r2")]
    assert report["metrics"]["rmse"] | {"direction": ""} == {
        "value": None,
        "low": None,
        "high": None,
        "direction": "",
        "threshold": None,
    }
    assert set(report["importance"].values()) == {None}
    assert report["slices"]["a"]["missing"]["metrics"]["rmse"] is None
    assert read_json(GOLDEN)["outputs"][0] == {"prediction": None}
    assert residuals()[0]["predicted"] == "nan"
    for path in (EVALUATION, METRICS, GOLDEN):  # NaN is Python's, and no JSON
        json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.mark.filterwarnings("error")
def test_a_probability_that_is_no_number_has_no_place_in_the_calibration() -> None:
    truth, scores = np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.4, 0.6], [np.nan, np.nan]])

    tables = plot_tables(Scored(truth, scores, np.array([0, 1, 0])), ["no", "yes"], seed=1)

    assert tables["calibration.csv"].splitlines()[1:] == ["0.6,1,1", "0.8,1,1"]
    assert tables["confusion.csv"].splitlines()[1:] == ["no,no", "yes,yes", "yes,no"]
    assert tables["residuals.csv"] == "actual,predicted,residual\n"


def test_the_column_that_tells_is_the_important_one(evaluate: Evaluate) -> None:
    importance = evaluate()["importance"]

    assert next(iter(importance)) == "a"
    assert importance["a"] > 10
    assert [importance[name] for name in ("noise", "colour")] == pytest.approx([0, 0], abs=1e-9)


def test_slices_part_every_row_by_value_and_by_quarter(evaluate: Evaluate) -> None:
    slices = evaluate()["slices"]

    assert {group: part["rows"] for group, part in slices["colour"].items()} == {
        "b": 10,
        "g": 11,
        "r": 10,
        "missing": 10,
    }
    assert {group: part["rows"] for group, part in slices["a"].items()} == {
        "0 to 10": 10,
        "10 to 20": 10,
        "20 to 30": 10,
        "30 to 40": 11,
    }
    assert slices["a"]["0 to 10"]["metrics"]["rmse"] == pytest.approx(0.1)


CLOSE = {
    "numbers that differ late": ([100_000.0 + row for row in range(8)], "100,000 to 100,002"),
    "a few such numbers": ([20_261_120.0, 20_261_121.0] * 4, "20,261,121"),
    "fractions": ([0.5 + row / 1e6 for row in range(8)], "0.5 to 0.500002"),
    "a category called missing": (["missing", None] * 4, "no value"),
}


@pytest.mark.parametrize(("values", "name"), CLOSE.values(), ids=CLOSE)
def test_no_group_takes_the_name_of_another(values: list[Any], name: str) -> None:
    scored = Scored(np.zeros(8), np.ones(8))

    groups = slice_metrics(pa.table({"a": values}), scored, ["a"])["a"]

    assert name in groups
    assert sum(group["rows"] for group in groups.values()) == 8


def test_golden_rows_spread_over_the_split_and_end_with_nothing_known(evaluate: Evaluate) -> None:
    evaluate()

    golden = read_json(GOLDEN)
    assert [row["a"] for row in golden["inputs"]] == [0, 5, 11, 17, 22, 28, 34, 40, None]
    assert golden["inputs"][-1] == {"noise": None, "a": None, "colour": None}
    assert [row["prediction"] for row in golden["outputs"][:3]] == [0, 10, 22]


def residuals() -> list[dict[str, str]]:
    with (PLOTS / "residuals.csv").open() as file:
        return list(csv.DictReader(file))
