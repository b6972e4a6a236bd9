"""Tensors of the Open Inference Protocol, as JSON and as Triton's binary extension."""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from serving.not_json import Place
from serving.request_error import RequestError, shown
from serving.rows import Matrix

DATATYPES = {"tensor(float)": "FP32", "tensor(string)": "BYTES"}
_JSON_TYPES = {
    "FP32": (frozenset({float, int, type(None)}), "a number or null"),
    "BYTES": (frozenset({str, type(None)}), "a string or null"),
}


def from_json(data: Any, datatype: str, name: str) -> Matrix:
    """Return the values of a JSON tensor, flat: float32 with NaN for null, or str with ""."""
    if not isinstance(data, list):
        raise RequestError(422, f"input {name}: data: expected a list, found {shown(data)}", name)
    data = _flat(data)
    types, words = _JSON_TYPES[datatype]
    if not set(map(type, data)) <= types:
        row = next(row for row, value in enumerate(data) if type(value) not in types)
        raise RequestError(
            422, f"row {row}, input {name}: expected {words}, found {shown(data[row])}", name, row
        )
    if datatype == "BYTES":
        return np.array(["" if value is None else value for value in data], dtype=object)
    with np.errstate(over="ignore"):
        return np.array(data, dtype=np.float32)


def from_binary(data: bytes, datatype: str, name: str) -> Matrix:
    """Return the values of a binary tensor, flat: float32, or str."""
    if datatype == "BYTES":
        return np.array(list(_texts(data, name)), dtype=object)
    if len(data) % 4:
        raise RequestError(400, f"input {name}: {len(data)} bytes are no FP32 values", name)
    return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)


def _texts(data: bytes, name: str) -> Iterator[str]:
    """Read strings that each have their length in bytes before them, in four bytes."""
    at = row = 0
    while at < len(data):
        head = data[at : at + 4]
        length = int.from_bytes(head, "little")
        text = data[at + 4 : at + 4 + length]
        if len(head) < 4 or len(text) < length:
            raise RequestError(400, f"row {row}, input {name}: the data ends too soon", name, row)
        try:
            yield text.decode()
        except UnicodeDecodeError:
            raise RequestError(
                422, f"row {row}, input {name}: expected UTF-8, found {text[:20]!r}", name, row
            ) from None
        at += 4 + length
        row += 1


def places(data: Any) -> Iterator[Place]:
    """Find the values of a request's JSON tensors, of which nothing is known."""
    inputs = data.get("inputs") if isinstance(data, dict) else None
    for tensor in inputs if isinstance(inputs, list) else ():
        values = tensor.get("data") if isinstance(tensor, dict) else None
        for row, value in enumerate(_flat(values) if isinstance(values, list) else ()):
            name = str(tensor.get("name"))
            yield Place(f"row {row}, input {name}", name, row, value)


def _flat(data: list[Any]) -> list[Any]:
    """Return the values of data that may be given by row: [[1.5], [2.5]], as well as [1.5, 2.5]."""
    if not any(isinstance(row, list) for row in data):
        return data
    return list(chain.from_iterable(row if isinstance(row, list) else [row] for row in data))


def to_json(values: Matrix) -> Matrix | list[Any]:
    """Return a tensor's values in row-major order, as orjson writes them: numbers as float32."""
    flat = np.ascontiguousarray(values).ravel()
    return flat if values.dtype != object else flat.tolist()


def to_binary(values: Matrix) -> bytes:
    """Return a tensor's values as Triton's extension writes them."""
    if values.dtype != object:
        return np.ascontiguousarray(values, dtype="<f4").tobytes()
    texts = [str(value).encode() for value in values.ravel()]
    return b"".join(part for text in texts for part in (struct.pack("<I", len(text)), text))
