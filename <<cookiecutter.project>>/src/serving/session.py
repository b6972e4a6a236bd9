"""The graph in onnxruntime, and whether it is the one that was evaluated."""

from typing import Any

import numpy as np
import onnxruntime

from serving.bundle import Bundle
from serving.rows import Layout, Matrix, Rows

#: What the graph answers: outputs by name, each with rows first.
Outputs = dict[str, Matrix]


class Session:
    """One graph on the CPU."""

    def __init__(self, bundle: Bundle) -> None:
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = bundle.settings["threads"]
        self.layout = Layout.of(bundle.contract.columns)
        self._session = onnxruntime.InferenceSession(
            str(bundle.model), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = self._session.get_inputs()
        self.outputs = self._session.get_outputs()
        self._names = [output.name for output in self.outputs]
        # Below the checks of names and types that onnxruntime makes in Python, which take a tenth
        # of the time for 32 rows: rows have all columns, and the golden ones prove that they fit.
        self._run = self._session._sess.run

    def run(self, rows: Rows) -> Outputs:
        """Predict; the graph sees the rows as evaluate showed them to it."""
        arrays = self._run(self._names, rows.feed(self.layout), None)
        return dict(zip(self._names, arrays, strict=True))


def golden_mistake(answers: list[dict[str, Any]], golden: dict[str, Any]) -> str | None:
    """Say in which golden row a model answers otherwise than it did when it was evaluated."""
    for row, (answer, expected) in enumerate(zip(answers, golden["outputs"], strict=True)):
        if answer.get("label") != expected.get("label"):
            return f"golden row {row}: {answer['label']!r}, expected {expected['label']!r}"
        if not np.allclose(
            _numbers(answer), _numbers(expected), atol=golden["tolerance"], equal_nan=True
        ):
            return f"golden row {row}: {_numbers(answer)}, expected {_numbers(expected)}"
    return None


def _numbers(answer: dict[str, Any]) -> list[float]:
    values = answer["probabilities"].values() if "label" in answer else [answer["prediction"]]
    return [np.nan if value is None else value for value in values]
