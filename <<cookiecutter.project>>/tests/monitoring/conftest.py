"""A project whose model and reference are small, and traffic to it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import pyarrow as pa
import pytest
import yaml

from monitoring import drift
from project.inputs import target_values
from project.metrics import compute
from project.onnx_model import OnnxModel
from project.scoring import hold_against
from project.settings.evaluation import DIRECTIONS
from project.tables import Contract, write_table

from ..conftest import Once

ROOT = Path(__file__).parents[2]
COLUMNS = {"size": "number", "age": "number", "new": "boolean", "colour": "category"}
HEAD = """
<ir_version: 8, opset_import: ["" : 17]>
houses (float[N,1] size, float[N,1] age, float[N,1] new, string[N,1] colour) => ({outputs})
<float zero = {{0}}, float one = {{1}}, float two = {{2}}, string[2] names = {{"no", "yes"}}>
{{
    unknown = IsNaN (size)
    known = Where (unknown, zero, size)
    twice = Mul (known, two)
    sum = Add (twice, age)
    {answer}
}}
"""
GRAPHS = {
    "classification": HEAD.format(
        outputs="string[N] label, float[N,2] probabilities",
        answer="""yes = Sigmoid (sum)
    no = Sub (one, yes)
    probabilities = Concat <axis = 1> (no, yes)
    place = ArgMax <axis = 1, keepdims = 0> (probabilities)
    label = Gather (names, place)""",
    ),
    "regression": HEAD.format(
        outputs="float[N,1] prediction", answer="prediction = Identity (sum)"
    ),
}
PARAMS = {
    "seed": 42,
    "tracking": {"experiment": "houses", "model": "houses"},
    "source": {"kind": "bundled", "name": "wine", "path": "conf"},
    "serving": yaml.safe_load((ROOT / "tests/conf/config.yaml").read_text(encoding="utf-8"))[
        "serving"
    ],
}


def houses(rows: int, seed: int, task: str = "classification") -> pa.Table:
    """Return rows that are drawn from one population, with the target."""
    random = np.random.default_rng(seed)
    size, age = random.normal(size=(2, rows))
    logit = 2 * size + age + random.logistic(size=rows)
    texts = pa.array(np.where(logit > 0, "yes", "no"))
    return pa.table(
        {
            "size": pa.array(np.where(random.random(rows) < 0.05, np.nan, size), from_pandas=True),
            "age": age,
            "new": random.random(rows) < 0.3,
            "colour": random.choice(list("rgb"), rows, p=[0.6, 0.3, 0.1]),
            "target": texts if task == "classification" else logit,
        }
    )


def contract_for(task: str) -> Contract:
    """Return what the model takes and answers."""
    return Contract(
        dataset="houses",
        task=task,  # type: ignore[arg-type]
        target="target",
        classes=["no", "yes"] if task == "classification" else None,
        columns=COLUMNS,  # type: ignore[arg-type]
        sources={name: name for name in COLUMNS},
    )


@pytest.fixture
def made(folder: Path, once: Once) -> Callable[..., Path]:
    """Return a function that makes a project which has trained a model."""

    def make(task: str = "classification", **recording: Any) -> Path:
        once(f"{task} {recording}", lambda: write_project(task, recording))
        return folder

    return make


def write_project(task: str, recording: dict[str, Any]) -> None:
    """Write what training leaves in the working folder, and what settings say."""
    contract = contract_for(task)
    model = onnx.parser.parse_model(GRAPHS[task])
    onnx.helper.set_model_props(model, {"contract": contract.to_json()})
    Path("models").mkdir()
    onnx.save(model, "models/model.onnx")
    write_table(Path("data/reference.parquet"), houses(2000, 1, task), contract)
    write_table(Path("data/split/test.parquet"), houses(1500, 2, task), contract)
    params = json.loads(json.dumps(PARAMS))
    params["serving"]["recording"] |= recording
    Path("params.yaml").write_text(yaml.safe_dump(params))
    write_evaluation(OnnxModel(Path("models/model.onnx")), houses(1500, 2, task))
    Path("conf").mkdir()
    shutil.copy(ROOT / "tests/conf/monitoring.yaml", "conf/monitoring.yaml")


def write_evaluation(model: OnnxModel, test: pa.Table) -> None:
    """Write what stage evaluate says of the model, with a threshold that it just meets."""
    contract = model.contract
    scored = hold_against(target_values(test, contract), model.predict(test), contract.classes)
    values = compute(scored)
    thresholds = {"balanced_accuracy": 0.75, "r2": 0.5}
    rows = {
        name: {
            "value": values[name],
            "direction": direction,
            "threshold": thresholds.get(name),
        }
        for name, direction in DIRECTIONS[contract.task].items()
    }
    Path("reports").mkdir()
    Path("reports/evaluation.json").write_text(json.dumps({"metrics": rows}))


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that gives words as make's command line does, and no others."""
    words = ("CURRENT", "SINCE", "DRIFT", "ROWS", "URL", "OUT", "LABELS", "FILE", "REPLACE")

    def run(**given: object) -> None:
        for name in words:
            monkeypatch.setenv(name, str(given.get(name, "")))

    return run


@pytest.fixture
def refused(say: Callable[..., None], refusal: Callable[..., str]) -> Callable[..., str]:
    """Return a function that runs a command as make does, and returns the line that refuses it."""

    def run(main: Callable[[], None], **given: object) -> str:
        say(**given)
        return refusal(main).removeprefix("error: ")

    return run


@pytest.fixture
def call(say: Callable[..., None]) -> Callable[..., int]:
    """Return a function that runs a command as make does, and returns its exit code."""

    def run(main: Callable[[], None], **given: object) -> int:
        say(**given)
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


@pytest.fixture
def without_evidently(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gate judge alone: Evidently takes half a second for each sample, and decides nothing.

    test_drift.py has it look.
    """
    monkeypatch.setattr(drift, "evidently_view", lambda *_: None)


@pytest.fixture
def verdicts() -> Callable[[], list[dict[str, Any]]]:
    """Return a function that reads all verdicts, the oldest first."""
    return lambda: [
        json.loads(path.read_text()) for path in sorted(Path("reports/drift").glob("*.json"))
    ]
