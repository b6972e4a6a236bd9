"""The graph as an MLflow model: its bytes as they are, its signature from its own contract."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

LOADER = Path(__file__).with_name("onnx_by_column.py")


def contract_in(graph: Path) -> dict[str, Any]:
    """Read what the graph takes and answers from its metadata."""
    import onnx

    metadata = onnx.load(graph, load_external_data=False).metadata_props
    return dict(json.loads(next(entry.value for entry in metadata if entry.key == "contract")))


def write_model(
    folder: Path, graph: Path, golden: dict[str, Any], run_id: str, model_id: str
) -> None:
    """Write `folder` as an MLflow model that loads by `mlflow.onnx` and by `mlflow.pyfunc`.

    MLflow's own ONNX wrapper feeds columns as vectors and cannot return a matrix of probabilities,
    hence the loader beside this module. The file of the graph is copied: its digest stays.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    contract = contract_in(graph)
    model = Model(run_id=run_id, model_id=model_id, signature=_signature(contract))
    model.add_flavor(
        "onnx",
        onnx_version=version("onnx"),
        data=f"data/{graph.name}",
        providers=["CPUExecutionProvider"],
    )
    mlflow.pyfunc.save_model(
        folder,
        loader_module=LOADER.stem,
        data_path=str(graph),
        code_paths=[str(LOADER)],
        mlflow_model=model,
        input_example=_example(golden["inputs"], contract),
        pip_requirements=[
            f"{name}=={version(name)}" for name in ("onnxruntime", "numpy", "pandas")
        ],
    )


def _signature(contract: dict[str, Any]) -> Any:
    """Numbers are double: a frame's own type, from which the graph's float32 is made."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array

    inputs = [
        ColSpec(DataType.string if kind == "category" else DataType.double, name)
        for name, kind in contract["columns"].items()
    ]
    outputs = [ColSpec(DataType.double, "prediction")]
    if contract["classes"]:
        outputs = [
            ColSpec(DataType.string, "label"),
            ColSpec(Array(DataType.double), "probabilities"),
        ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _example(rows: list[dict[str, Any]], contract: dict[str, Any]) -> Any:
    import pandas as pd

    types = {
        name: object if kind == "category" else float for name, kind in contract["columns"].items()
    }
    return pd.DataFrame(rows).astype(types)[list(types)]
