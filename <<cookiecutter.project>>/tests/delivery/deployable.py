"""A small project that can be deployed for real: a graph that adds a bias, rows, keys and git."""

import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pyarrow as pa
import yaml
from onnx import TensorProto, helper

from delivery.keys import make_keys
from delivery.sign import sign_package
from project.artefacts import METRICS, TEST
from project.files import read_json, write_json
from project.tables import Contract, write_table

from .conftest import PROJECT, record, write_package
from .state.conftest import git

ROOT = Path(__file__).parents[2]
EVALUATION = {"primary": "rmse", "thresholds": {}, "slices": ["size"], "resamples": 100}
IGNORED = "/build/\n/dist/\n/data/\n/registry/\n/keys/*.key\n/.dvc/\n/mlflow.db\n__pycache__/\n"
SIZES = [float(number) for number in range(40)]


def make_project(name: str = "toy") -> None:
    """Make a project in the working folder, of one commit."""
    for folder in ("conf/environment", "deploy/chart"):
        shutil.copytree(ROOT / folder, folder)
    project = PROJECT | {"name": name}
    settings = {"project": project, "evaluation": EVALUATION | {"confidence": 0.95}, "seed": 42}
    settings["tracking"] = {"experiment": "toy", "model": "toy"}
    Path("params.yaml").write_text(yaml.safe_dump(settings))
    Path(".gitignore").write_text(IGNORED)
    Path(".dvc").mkdir()
    make_keys()
    git(Path(), "init", "--quiet", "--template=", "--initial-branch=main")
    git(Path(), "config", "user.name", "Ada")
    git(Path(), "config", "user.email", "ada@example.org")
    write_rows()


def write_rows() -> None:
    """Write the test split: the price is the size."""
    rows = pa.table({"size": pa.array(SIZES, pa.float32()), "price": SIZES})
    write_table(TEST, rows, contract("size"))


def train(bias: float, column: str = "size", **reported: Any) -> str:
    """Package and sign a model that is wrong by `bias`, and return its digest."""
    write_package(graph(bias, column))
    metrics = {"rmse": abs(bias), "mae": abs(bias), "r2": 1.0} | reported
    manifest = read_json(Path("dist/manifest.json"))
    manifest |= {"name": yaml.safe_load(Path("params.yaml").read_text())["project"]["name"]}
    write_json(Path("dist/manifest.json"), manifest | {"metrics": metrics, "task": "regression"})
    write_json(METRICS, metrics)
    verdict = {"verdict": "passed", "reasons": []}
    write_json(Path("reports/evaluation.json"), verdict)
    record()
    commit()
    sign_package()
    return str(manifest["digests"]["modelcar"])


def commit() -> None:
    git(Path(), "add", "--all")
    git(Path(), "commit", "--quiet", "--allow-empty", "-m", "Train")


def edit_environment(name: str, **changes: Any) -> None:
    """Change settings of an environment, and commit them."""
    path = Path(f"conf/environment/{name}.yaml")
    settings = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        settings[key] = settings[key] | value if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(settings))
    commit()
    if Path("dist").exists():
        sign_package()


def graph(bias: float, column: str) -> bytes:
    """Build a graph that answers its one column, and a bias."""
    floats = TensorProto.FLOAT
    made = helper.make_graph(
        [helper.make_node("Add", [column, "bias"], ["prediction"])],
        "toy",
        [helper.make_tensor_value_info(column, floats, ["batch", 1])],
        [helper.make_tensor_value_info("prediction", floats, ["batch", 1])],
        [helper.make_tensor("bias", floats, [1], [bias])],
    )
    proto = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(proto, {"contract": contract(column).to_json()})
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def contract(column: str) -> Contract:
    return Contract("houses", "regression", "price", None, {column: "number"}, {column: column})


def records(environment: str) -> list[dict[str, Any]]:
    """Read the records of an environment out of git."""
    listed = git(Path(), "ls-tree", "-r", "--name-only", "gitops", f"{environment}/toy/history")
    return [json.loads(git(Path(), "show", f"gitops:{name}")) for name in listed.splitlines()]
