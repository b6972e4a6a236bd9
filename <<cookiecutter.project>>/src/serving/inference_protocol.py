"""The Open Inference Protocol, version 2: what Triton and KServe answer for the same graph.

https://github.com/kserve/open-inference-protocol, with the binary tensors of Triton's extension,
which its own clients send unless they are told otherwise:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import re
from typing import Any, NamedTuple

import numpy as np
import orjson

from serving import tensors
from serving.bundle import Bundle
from serving.http import OCTETS, Answer, Request
from serving.not_json import not_json
from serving.request_error import RequestError, shown
from serving.rows import Layout, Matrix, Rows
from serving.session import Outputs, Session

_JSON_LENGTH = b"inference-header-content-length"
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Inference(NamedTuple):
    """A request that was read: its rows, its id, and the outputs asked for, binary or not."""

    rows: Rows
    id: str | None
    outputs: dict[str, bool]


class InferenceProtocol:
    """Reads and writes requests to one model; `max_rows` bounds each of them."""

    def __init__(self, bundle: Bundle, session: Session) -> None:
        self._max_rows = bundle.settings["max_rows"]
        self._layout = Layout.of(bundle.contract.columns)
        self._named = {"model_name": bundle.name, "model_version": bundle.version}
        self._inputs = {put.name: tensors.DATATYPES[put.type] for put in session.inputs}
        self._outputs = {put.name: tensors.DATATYPES[put.type] for put in session.outputs}
        self.server = {
            "name": bundle.name,
            "version": bundle.version,
            "extensions": ["binary_tensor_data"],
        }
        self.model: dict[str, Any] = {
            "name": bundle.name,
            "versions": [bundle.version],
            "platform": "onnxruntime_onnx",
            "inputs": [_described(put) for put in session.inputs],
            "outputs": [_described(put) for put in session.outputs],
        }

    def read(self, body: bytes, request: Request) -> Inference:
        """Read a request's body; `RequestError` where it is wrong."""
        head, binary = _split(body, request.headers.get(_JSON_LENGTH))
        inputs = self._read_inputs(head.get("inputs"), binary)
        first, rows = next((name, len(values)) for name, values in inputs.items())
        for name, values in inputs.items():
            if len(values) != rows:
                different = f"input {name} has {len(values)} rows, input {first} has {rows}"
                raise RequestError(422, different, name)
        if not rows:
            raise RequestError(422, "expected at least one row, found none")
        if rows > self._max_rows:
            raise RequestError(413, f"{rows} rows, the bound is {self._max_rows}: send parts")
        id_ = head.get("id")
        if id_ is not None and not isinstance(id_, str):
            raise RequestError(422, f"id: expected a string, found {shown(id_)}", "id")
        return Inference(self._rows(inputs, rows), id_, self._asked(head))

    def answer(self, inference: Inference, outputs: Outputs) -> Answer:
        """Write the outputs that were asked for."""
        described: list[dict[str, Any]] = []
        binary: list[bytes] = []
        for name, as_binary in inference.outputs.items():
            values = outputs[name]
            tensor: dict[str, Any] = {
                "name": name,
                "datatype": self._outputs[name],
                "shape": values.shape,
            }
            if as_binary:
                binary.append(tensors.to_binary(values))
                tensor["parameters"] = {"binary_data_size": len(binary[-1])}
            else:
                tensor["data"] = tensors.to_json(values)
            described.append(tensor)
        id_ = {} if inference.id is None else {"id": inference.id}
        head = orjson.dumps(
            {**self._named, **id_, "outputs": described}, option=orjson.OPT_SERIALIZE_NUMPY
        )
        if not binary:
            return Answer(head)
        length = (_JSON_LENGTH, b"%d" % len(head))
        return Answer(b"".join([head, *binary]), kind=OCTETS, headers=(length,))

    def _read_inputs(self, given: Any, binary: bytes) -> dict[str, Matrix]:
        if not isinstance(given, list) or not all(isinstance(put, dict) for put in given):
            raise RequestError(422, "inputs: expected a list of tensors", "inputs")
        inputs: dict[str, Matrix] = {}
        for tensor in given:
            name = tensor.get("name")
            if not isinstance(name, str) or name not in self._inputs:
                raise RequestError(422, f"the model has no input {shown(name)}", "inputs")
            if name in inputs:
                raise RequestError(422, f"input {name} is given twice", name)
            size = _parameters(tensor, name).get("binary_data_size")
            if size is None:
                data, rest = None, binary
            elif type(size) is int and 0 <= size <= len(binary):
                data, rest = binary[:size], binary[size:]
            else:
                raise RequestError(400, f"input {name}: binary_data_size is {shown(size)}", name)
            inputs[name] = self._read_tensor(tensor, name, data)
            binary = rest
        if binary:
            raise RequestError(400, f"{len(binary)} bytes follow the last input's")
        for name in self._inputs:
            if name not in inputs:
                raise RequestError(422, f"input {name} is missing", name)
        return inputs

    def _read_tensor(self, tensor: dict[str, Any], name: str, binary: bytes | None) -> Matrix:
        datatype = self._inputs[name]
        if tensor.get("datatype") != datatype:
            found = shown(tensor.get("datatype"))
            raise RequestError(422, f"input {name}: expected {datatype}, found {found}", name)
        if binary is None:
            values = tensors.from_json(tensor.get("data"), datatype, name)
        else:
            values = tensors.from_binary(binary, datatype, name)
        if tensor.get("shape") != [len(values), 1]:
            raise RequestError(
                422,
                f"input {name}: expected shape [{len(values)},1] for {len(values)} values, found "
                f"{shown(tensor.get('shape'))}",
                name,
            )
        return values

    def _rows(self, inputs: dict[str, Matrix], rows: int) -> Rows:
        floats = np.empty((rows, len(self._layout.floats)), dtype=np.float32)
        texts = np.empty((rows, len(self._layout.categories)), dtype=object)
        for place, name in enumerate(self._layout.floats):
            floats[:, place] = inputs[name]
        for place, name in enumerate(self._layout.categories):
            texts[:, place] = inputs[name]
        for row, place in zip(*np.nonzero(np.isinf(floats)), strict=True):
            name = self._layout.floats[place]
            raise RequestError(422, f"row {row}, input {name}: infinite", name, int(row))
        return Rows(floats, texts)

    def _asked(self, head: dict[str, Any]) -> dict[str, bool]:
        binary = bool(_parameters(head, "parameters").get("binary_data_output", False))
        asked = head.get("outputs")
        if asked is None:
            return dict.fromkeys(self._outputs, binary)
        outputs: dict[str, bool] = {}
        for tensor in asked if isinstance(asked, list) else [asked]:
            if not isinstance(tensor, dict):
                words = f"outputs: expected objects with a name, found {shown(tensor)}"
                raise RequestError(422, words, "outputs")
            name = tensor.get("name")
            if not isinstance(name, str) or name not in self._outputs:
                raise RequestError(422, f"the model has no output {shown(name)}", "outputs")
            outputs[name] = bool(_parameters(tensor, name).get("binary_data", binary))
        return outputs


def _split(body: bytes, json_length: bytes | None) -> tuple[dict[str, Any], bytes]:
    """Part the JSON from the binary tensors behind it."""
    length = len(body)
    if json_length is not None:
        if not _LENGTH.fullmatch(json_length) or int(json_length) > len(body):
            raise RequestError(400, f"Inference-Header-Content-Length is {json_length!r}")
        length = int(json_length)
    try:
        head = orjson.loads(body[:length])
    except orjson.JSONDecodeError as error:
        raise not_json(body[:length], error, tensors.places) from None
    if not isinstance(head, dict):
        raise RequestError(422, f"expected an object, found {shown(head)}")
    return head, body[length:]


def _parameters(of: dict[str, Any], field: str) -> dict[str, Any]:
    parameters = of.get("parameters", {})
    if not isinstance(parameters, dict):
        raise RequestError(422, f"parameters: expected an object, found {shown(parameters)}", field)
    return parameters


def _described(put: Any) -> dict[str, Any]:
    """Describe an input or output of the graph; a size that is not fixed is -1."""
    shape = [size if isinstance(size, int) else -1 for size in put.shape]
    return {"name": put.name, "datatype": tensors.DATATYPES[put.type], "shape": shape}
