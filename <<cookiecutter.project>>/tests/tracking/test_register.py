import json
import re
import socket
from pathlib import Path
from typing import Any

import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from project.dvc_lock import content_md5, read_lock
from project.errors import UserError
from tracking.provenance import IDENTITY, provenance
from tracking.register import register
from tracking.run_log import curve_values, flatten, metric_values
from tracking.store import DEFAULT, connect, refuse_unreachable, shown

SETTINGS = {
    "model": {"name": "double"},
    "tracking": {"experiment": "tiny", "model": "tiny"},
}
CONTRACT = {
    "dataset": "toy",
    "task": "regression",
    "target": "y",
    "classes": None,
    "columns": {"x": "number", "kind": "category"},
    "sources": {"x": "X", "kind": "Kind"},
}
EVALUATION = {
    "verdict": "passed",
    "reasons": [],
    "dataset": "toy",
    "primary": "rmse",
    "metrics": {
        "rmse": {"value": 0.5, "low": 0.25, "high": 0.75},
        "r2": {"value": 0.9, "low": None, "high": None},
    },
}
TRAINING = {"model": "double", "curves": [{"step": 1, "train": 0.9}]}
GOLDEN = {
    "tolerance": 1e-4,
    "inputs": [{"x": 2.0, "kind": "a"}, {"x": None, "kind": None}],
    "outputs": [{"prediction": 4.0}, {"prediction": None}],
}
METRICS = {"rmse": 0.5, "rmse_low": 0.25, "rmse_high": 0.75, "r2": 0.9}
STAGES = {
    "fetch": ["data/raw/dataset.parquet", "data/raw/origin.json"],
    "train": ["reports/training.json"],
    "export": ["models/model.onnx"],
    "evaluate": ["reports/evaluation.json", "reports/golden.json", "reports/plots"],
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose pipeline has run, in a model that doubles x."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DEFAULT)
    write("params.yaml", yaml.safe_dump(SETTINGS))
    write("data/raw/dataset.parquet", "rows")
    write("data/raw/origin.json", "{}")
    write("reports/training.json", json.dumps(TRAINING))
    write("reports/evaluation.json", json.dumps(EVALUATION))
    write("reports/golden.json", json.dumps(GOLDEN))
    write("reports/plots/residuals.csv", "actual,predicted\n")
    write_graph()
    record()
    return tmp_path


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def write_graph() -> None:
    two = helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["prediction"])],
        "double",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1]),
            helper.make_tensor_value_info("kind", TensorProto.STRING, ["batch", 1]),
        ],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["batch", 1])],
        [two],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"contract": json.dumps(CONTRACT)})
    Path("models").mkdir(exist_ok=True)
    onnx.save(model, "models/model.onnx")


def record() -> None:
    """Write dvc.lock for what lies there."""
    stages: dict[str, Any] = {
        stage: {"outs": [{"path": path, "md5": content_md5(Path(path))} for path in paths]}
        for stage, paths in STAGES.items()
    }
    stages["train"]["params"] = {"params.yaml": {"model": SETTINGS["model"]}}
    stages["evaluate"]["deps"] = [
        {"path": "models/model.onnx", "md5": content_md5(Path("models/model.onnx"))}
    ]
    write("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))


def test_registers_once_and_the_model_loads_back(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first, again = register(), register()

    assert first == "registered tiny version 1 (sqlite:///mlflow.db)"
    assert again == "tiny version 1 is registered already (sqlite:///mlflow.db)"
    assert capfd.readouterr() == ("", "")
    noted = json.loads(Path("build/registered.json").read_text())
    assert (noted["name"], noted["version"]) == ("tiny", "1")

    import mlflow.pyfunc
    import pandas as pd

    mlflow.set_tracking_uri(DEFAULT)
    model = mlflow.pyfunc.load_model("models:/tiny@candidate")
    frame = pd.DataFrame({"x": [2.0, None], "kind": ["a", None]})
    assert model.predict(frame)["prediction"].tolist()[0] == 4.0
    run = mlflow.get_run(noted["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["model.name"] == "double"
    assert run.data.metrics == METRICS | {"train_loss": 0.9}
    assert not Path(run.info.artifact_uri).is_absolute()


@pytest.mark.parametrize(
    ("stage", "entry", "same"),
    [
        ("fetch", {"params": {"params.yaml": {"source": {"path": "moved.csv"}}}}, True),
        ("fetch", {"deps": [{"path": "src/pipeline/fetch.py", "md5": "0"}]}, True),
        ("settings", {"deps": [{"path": "conf", "md5": "0"}]}, True),
        ("train", {"params": {"params.yaml": {"model": {"name": "triple"}}}}, False),
        ("evaluate", {"params": {"params.yaml": {"seed": 1}}}, False),
    ],
)
def test_settings_tell_versions_apart_and_places_and_code_do_not(
    stage: str, entry: dict[str, Any], same: bool, project: Path
) -> None:
    stages = read_lock(Path("dvc.lock").read_text())
    other = stages | {stage: stages.get(stage, {}) | entry}

    before, after = (provenance("passed", lock)[IDENTITY] for lock in (stages, other))

    assert (after == before) is same


@pytest.mark.parametrize(
    "path", ["data/raw/dataset.parquet", "models/model.onnx", "reports/evaluation.json"]
)
def test_other_data_model_or_judgement_is_another_version(path: str, project: Path) -> None:
    stages = read_lock(Path("dvc.lock").read_text())
    before = provenance("passed", stages)[IDENTITY]

    write(path, "other")

    assert provenance("passed", stages)[IDENTITY] != before


def test_a_refused_model_is_not_registered(project: Path) -> None:
    reasons = {"verdict": "refused", "reasons": ["rmse is 9, must be at most 1"]}
    write("reports/evaluation.json", json.dumps(EVALUATION | reasons))
    record()

    with pytest.raises(UserError, match=r"is refused.*rmse is 9, must be at most 1"):
        register()
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("reports/golden.json", "reports/golden.json"),
        ("models/model.onnx", "models/model.onnx"),
        ("reports/plots/new.csv", "reports/plots"),
    ],
)
def test_what_dvc_lock_does_not_record_is_not_registered(
    project: Path, path: str, named: str
) -> None:
    write(path, "{}")

    with pytest.raises(UserError, match=f"^{named}: not what dvc.lock records"):
        register()


@pytest.mark.parametrize("path", ["dvc.lock", "models/model.onnx", "params.yaml"])
def test_a_missing_file_says_what_to_type(project: Path, path: str) -> None:
    Path(path).unlink()

    with pytest.raises(UserError, match=rf"^{path}: no such file.*type: make repro"):
        register()


def test_a_setting_that_changed_since_is_named(project: Path) -> None:
    write("params.yaml", yaml.safe_dump(SETTINGS | {"model": {"name": "triple"}}))

    with pytest.raises(UserError, match=r"params.yaml: model has changed since train ran"):
        register()


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(UserError, match=r"^http://ada:\*\*\*@127.0.0.1:1: the "):
        refuse_unreachable("http://ada:secret@127.0.0.1:1")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_a_database_without_its_driver_says_which_to_install(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"{scheme}://ada:secret@127.0.0.1:{server.getsockname()[1]}/runs"

        with pytest.raises(
            UserError, match=rf"^{re.escape(scheme)}://ada:\*\*\*@.*driver"
        ) as refused:
            connect(uri)

    assert "postgresql+psycopg2://… does once psycopg2-binary is in" in str(refused.value)


def test_a_uri_without_password_is_shown_as_it_is() -> None:
    assert shown("https://ada@host:5000/path") == "https://ada@host:5000/path"


def test_settings_flatten_to_dotted_keys() -> None:
    settings = {"model": {"name": "x", "hidden": [64, 32], "depth": None}, "seed": 1}

    assert dict(flatten(settings)) == {
        "model.name": "x",
        "model.hidden": "[64, 32]",
        "model.depth": "null",
        "seed": "1",
    }


def test_metrics_carry_their_intervals_and_curves_their_steps() -> None:
    training = {"curves": [{"step": 1, "train": 0.9, "validation": 1.1}]}

    assert {name: value for name, value, _ in metric_values(EVALUATION)} == METRICS
    assert list(curve_values(training)) == [("train_loss", 0.9, 1), ("validation_loss", 1.1, 1)]
