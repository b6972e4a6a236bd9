"""A small judged model, as the stage package finds it."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.subject import Subject
from project.oci import file_digest
from project.settings.identity import Project
from project.settings.package import Opsets, Package

PACKAGE = Package(
    runtime="triton",
    base="scratch",
    service_base=f"python:3.11-slim@sha256:{'0' * 64}",
    opset=Opsets(oldest=9, newest=21),
    operators=["", "ai.onnx.ml"],
    max_bytes=10_000,
)
CONTRACT = {
    "dataset": "houses",
    "task": "regression",
    "target": "price",
    "classes": None,
    "columns": {"size": "number", "colour": "category"},
    "sources": {"size": "Size", "colour": "Colour"},
}
EVALUATION = {
    "verdict": "passed",
    "reasons": [],
    "task": "regression",
    "rows": 1234,
    "confidence": 0.95,
    "metrics": {
        "rmse": {"value": 0.5, "low": 0.25, "high": 1.0, "direction": "lower", "threshold": 2.0},
    },
}
GOLDEN = {
    "tolerance": 1e-4,
    "inputs": [{"size": 1.0, "colour": "red"}],
    "outputs": [{"prediction": 1.0}],
}


@pytest.fixture
def model(folder: Path) -> Callable[..., Path]:
    """Return a function that saves a graph, changed as a test wants it."""

    def save(change: Callable[[onnx.ModelProto], Any] = lambda _: None) -> Path:
        proto = plain_model()
        change(proto)
        Path("model.onnx").write_bytes(proto.SerializeToString())
        return Path("model.onnx")

    return save


@pytest.fixture
def subject(model: Callable[..., Path]) -> Subject:
    """Return a model with all that is said of it."""
    return Subject(
        project=Project(
            name="houses",
            title="Houses 🏠",
            owner="Zoë",
            registry="local",
            framework="sklearn",
            licence="MIT",
        ),
        model=model(),
        graph=plain_model(),
        contract=CONTRACT,
        seen={"categories": {"colour": ["blue", "red"]}, "target_range": [1.0, 9.0]},
        evaluation=deepcopy(EVALUATION),
        golden=json.dumps(GOLDEN).encode(),
        metrics=b'{"rmse": 0.5}',
        model_digest=file_digest(Path("model.onnx")),
        dataset_digest=f"sha256:{'1' * 64}",
        parameters_digest=f"sha256:{'2' * 64}",
    )


def plain_model() -> onnx.ModelProto:
    """Build a graph with a number, a category and a bias."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["size", "bias"], ["prediction"], name="add")],
        "houses",
        [
            helper.make_tensor_value_info("size", TensorProto.FLOAT, ["batch", 1]),
            helper.make_tensor_value_info("colour", TensorProto.STRING, ["batch", 1]),
        ],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["batch", 1])],
        [helper.make_tensor("bias", TensorProto.FLOAT, [1], [1.0])],
    )
    opset = helper.make_opsetid("", 17)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    helper.set_model_props(proto, {"contract": json.dumps(CONTRACT)})
    return proto
