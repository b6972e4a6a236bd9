"""How MLflow's pyfunc calls the graph: one input of shape (rows, 1) for each column.

A copy of this file travels inside each registered model, so it imports nothing of the project.
"""

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd


class OnnxByColumn:
    """A graph that takes a frame and answers with one."""

    def __init__(self, path: str) -> None:
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return `label` and `probabilities`, or `prediction`, under the index of the input."""
        feed = {
            column.name: _values(model_input[column.name], column.type == "tensor(string)")
            for column in self._session.get_inputs()
        }
        names = [output.name for output in self._session.get_outputs()]
        outputs = dict(zip(names, self._session.run(None, feed), strict=True))
        if "prediction" in outputs:
            outputs["prediction"] = outputs["prediction"].ravel()
        columns = {name: values.tolist() for name, values in outputs.items()}
        return pd.DataFrame(columns, index=model_input.index)


def _values(column: pd.Series, text: bool) -> np.ndarray[Any, Any]:
    """Missing is NaN in a number and the empty string in a category, as in training."""
    if text:
        values = column.astype(object).where(column.notna(), "")
        return np.asarray(values, dtype=object).reshape(-1, 1)
    return np.asarray(column.astype("float32")).reshape(-1, 1)


def _load_pyfunc(path: str) -> OnnxByColumn:
    return OnnxByColumn(path)
