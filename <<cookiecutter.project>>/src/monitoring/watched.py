"""What is watched: a model, how its columns are recorded, and the reference it is held against."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import compute

from project.artefacts import ONNX, REFERENCE
from project.errors import UserError
from project.files import sha256
from project.loading import load
from project.onnx_model import OnnxModel, Predictions
from project.settings.group import ColumnType
from project.settings.identity import Tracking
from project.settings.serving import Serving
from project.tables import Contract, read_table

Kinds = dict[str, ColumnType]
#: A text counts by its first characters: a category is no essay, and memory has an end.
TEXT_LENGTH = 200


@dataclass(frozen=True)
class Watched:
    """A model and what is recorded of it; `digest` is `sha256:…` of the model's file."""

    name: str
    digest: str
    contract: Contract
    hashed: frozenset[str]
    left_out: frozenset[str]
    folder: Path

    @property
    def version(self) -> str:
        """The first 12 digits of the digest, as the service's metrics have it."""
        return self.digest.removeprefix("sha256:")[:12]

    @cached_property
    def kinds(self) -> Kinds:
        """Columns that are recorded, by type; a digest is a category, whatever it stands for."""
        return {
            name: "category" if name in self.hashed else kind
            for name, kind in self.contract.columns.items()
            if name not in self.left_out
        }

    @property
    def answer(self) -> str:
        """The column of a table that holds what the model answered."""
        return "label" if self.contract.classes else "prediction"

    @property
    def answer_kind(self) -> ColumnType:
        """The type of what the model answers."""
        return "category" if self.contract.classes else "number"

    def as_recorded(self, table: pa.Table) -> pa.Table:
        """Return rows of the contract as the store has them, hashed columns as digests."""
        return pa.table(
            {
                name: digests(table.column(name))
                if name in self.hashed
                else cut(table.column(name))
                for name in self.kinds
                if name in table.column_names
            }
        )


def read_watched() -> tuple[Watched, OnnxModel]:
    """Read the model that the pipeline made last; `UserError` where there is none."""
    for path in (ONNX, REFERENCE):
        if not path.exists():
            raise UserError(
                f"{path} is not there: no model was made yet; type: make repro, or dvc pull"
            )
    model = OnnxModel(ONNX)
    contract = model.contract
    recording = load("serving", Serving).recording
    hashed = frozenset(recording.hashed) - frozenset(recording.left_out)
    watched = Watched(
        name=load("tracking", Tracking).model,
        digest=f"sha256:{sha256(ONNX)}",
        contract=contract,
        hashed=hashed,
        left_out=frozenset(recording.left_out),
        folder=Path(recording.folder),
    )
    return watched, model


def read_reference(watched: Watched, model: OnnxModel) -> pa.Table:
    """Return the reference as the store would have it, with what the model answers to it."""
    rows = read_table(REFERENCE)
    table = watched.as_recorded(rows)
    return table.append_column(watched.answer, answers(model.predict(rows)))


def answers(predictions: Predictions) -> pa.Array:
    """Return labels, or predicted numbers."""
    if predictions.label is None:
        return pa.array(predictions.scores, pa.float64(), from_pandas=True)
    return pa.array(predictions.label.astype(str), pa.string())


def cut(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Cut texts that are longer than a category's name; other values stay as they are."""
    if not pa.types.is_string(column.type):
        return column
    return compute.utf8_slice_codeunits(column, 0, TEXT_LENGTH)


def digests(column: pa.ChunkedArray) -> pa.Array:
    """Return the names that the service records for values; missing stays missing."""
    encoded = column.combine_chunks().dictionary_encode()
    names = [digest(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(encoded.indices)


def digest(value: Any) -> str | None:
    """Return the service's name for a value: of a number, that of its float32."""
    if value is None:
        return None
    if type(value) in (int, float):
        value = np.float32(value)
    written = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.sha256(written).hexdigest()[:16]
