"""Golden rows: inputs with the outputs that any copy of this model must give again."""

from typing import Any

import numpy as np
import pyarrow as pa

from project.onnx_model import OnnxModel, Predictions

ROWS = 8
TOLERANCE = 1e-4


def golden(model: OnnxModel, test: pa.Table) -> dict[str, Any]:
    """Return rows spread over the test split, one with every value missing, and their outputs.

    Inputs are as a client sends them: numbers, booleans, strings, null for missing.
    """
    columns = list(model.contract.columns)
    places = np.unique(np.linspace(0, test.num_rows - 1, ROWS).astype(int))
    rows = test.select(columns).take(places)
    blank = pa.table({name: pa.nulls(1, rows.schema.field(name).type) for name in columns})
    rows = pa.concat_tables([rows, blank])
    return {
        "tolerance": TOLERANCE,
        "inputs": rows.to_pylist(),
        "outputs": _outputs(model.predict(rows), model.contract.classes),
    }


def _outputs(answer: Predictions, classes: list[str] | None) -> list[dict[str, Any]]:
    if classes is None or answer.label is None:
        return [{"prediction": _finite(score)} for score in answer.scores]
    return [
        {"label": str(label), "probabilities": dict(zip(classes, map(_finite, row), strict=True))}
        for label, row in zip(answer.label, answer.scores, strict=True)
    ]


def _finite(value: Any) -> float | None:
    return round(float(value), 7) if np.isfinite(value) else None
