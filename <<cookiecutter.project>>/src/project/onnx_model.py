"""The exported graph in onnxruntime: what is evaluated is what is served."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
from onnxruntime.capi.onnxruntime_pybind11_state import (
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
)

from project.errors import UserError
from project.inputs import Inputs, model_inputs
from project.tables import Contract

BATCH_ROWS = 65_536  # bounds memory: a batch of 300 columns is 80 MB


@dataclass(frozen=True)
class Predictions:
    """What the graph answers for some rows.

    probabilities: (rows, classes) and label: (rows,) for classification, both None for regression;
    prediction: (rows,) for regression, else None.
    """

    label: np.ndarray[Any, Any] | None = None
    probabilities: np.ndarray[Any, Any] | None = None
    prediction: np.ndarray[Any, Any] | None = None

    @property
    def scores(self) -> np.ndarray[Any, Any]:
        """The numbers that the model computes: probabilities, or predictions."""
        scores = self.prediction if self.probabilities is None else self.probabilities
        assert scores is not None
        return scores


class OnnxModel:
    """A session on one CPU graph and the contract that it carries."""

    def __init__(self, path: Path) -> None:
        """Open a graph; `UserError` where the file is cut short, or is none of ours."""
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.contract = Contract.from_json(metadata["contract"])
        except (InvalidProtobuf, InvalidArgument, InvalidGraph, KeyError):
            raise UserError(
                f"{path}: not a model of this project, or cut short; make it again: make repro"
            ) from None

    def predict(self, table: pa.Table) -> Predictions:
        """Predict all rows of a table, a batch at a time."""
        parts = [self.predict_inputs(inputs) for inputs in self._batches(table)]
        if self.contract.classes is None:
            return Predictions(prediction=np.concatenate([part.scores for part in parts]))
        labels = [part.label for part in parts if part.label is not None]
        return Predictions(
            label=np.concatenate(labels),
            probabilities=np.concatenate([part.scores for part in parts]),
        )

    def predict_inputs(self, inputs: Inputs) -> Predictions:
        """Predict rows that are already arrays by column, each of shape (rows,)."""
        feed = {name: values.reshape(-1, 1) for name, values in inputs.items()}
        outputs = self._session.run(None, feed)
        if self.contract.classes is None:
            return Predictions(prediction=outputs[0].ravel())
        return Predictions(label=outputs[0], probabilities=outputs[1])

    def _batches(self, table: pa.Table) -> Iterator[Inputs]:
        for start in range(0, max(table.num_rows, 1), BATCH_ROWS):
            yield model_inputs(table.slice(start, BATCH_ROWS), self.contract)
