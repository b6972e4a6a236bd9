"""Stage export: preprocessing and model leave as one ONNX graph, held against the native model."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa

from pipeline.graph import finish
from project.artefacts import NATIVE, ONNX, PARITY, TEST
from project.errors import UserError, one_line
from project.files import replacing, write_json
from project.inputs import model_inputs
from project.loading import load
from project.onnx_model import OnnxModel
from project.settings.model import Export
from project.tables import Contract, contract_of, read_table


def export(native: Path, contract: Contract, settings: Export) -> onnx.ModelProto:
    """Convert the native model; `UserError` where it has no converter."""
    graph, names = _framework(native).to_onnx(native, contract, settings.opset)
    return finish(graph, names, contract)


def _parity(native: Path, model: OnnxModel, test: pa.Table, settings: Export) -> dict[str, Any]:
    """Compare ONNX with the native model on every test row.

    The difference is absolute for probabilities; for numbers it is relative to the larger of 1 and
    the native prediction. Returns a report whose `worst_row` counts from 0.
    """
    contract = model.contract
    expected = _framework(native).predict(native, model_inputs(test, contract), contract)
    actual = model.predict(test).scores
    scale = 1.0 if contract.classes else np.maximum(1.0, np.abs(expected))
    difference = np.abs(actual - expected) / scale
    by_row = difference.max(axis=1) if contract.classes else difference
    by_row = np.where(np.isfinite(by_row), by_row, np.finfo(np.float64).max)
    worst = int(by_row.argmax())
    return {
        "rows": test.num_rows,
        "tolerance": settings.tolerance,
        "max_difference": float(by_row[worst]),
        "mean_difference": float(by_row.mean()),
        "rows_beyond_tolerance": int((by_row > settings.tolerance).sum()),
        "worst_row": worst,
        "worst_native": np.asarray(expected[worst], dtype=float).tolist(),
        "worst_onnx": np.asarray(actual[worst], dtype=float).tolist(),
    }


def _refuse_beyond_tolerance(report: dict[str, Any]) -> None:
    """Raise `UserError` when the graph is not the model that was trained."""
    if report["rows_beyond_tolerance"]:
        raise UserError(
            f"export: ONNX differs from the native model by {report['max_difference']:.3g} in test "
            f"row {report['worst_row']} ({report['worst_onnx']} instead of "
            f"{report['worst_native']}), export.tolerance is {report['tolerance']:g}; "
            f"{report['rows_beyond_tolerance']} of {report['rows']} rows are beyond it; "
            "trees want preprocessing.scale: false"
        )


def _framework(native: Path) -> Any:
    if (native / "pipeline.skops").exists():
        from pipeline import sklearn_model

        return sklearn_model
    from pipeline import keras_model

    return keras_model


def main() -> None:
    """Run the stage; the model keeps its name only once parity holds."""
    settings, test = load("export", Export), read_table(TEST)
    model = export(NATIVE, contract_of(test), settings)
    with replacing(ONNX) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
        report = _parity(NATIVE, OnnxModel(temporary), test, settings)
        write_json(PARITY, report)
        _refuse_beyond_tolerance(report)
    print(f"ONNX agrees with the native model within {report['max_difference']:.1e}")


if __name__ == "__main__":
    one_line(main)
