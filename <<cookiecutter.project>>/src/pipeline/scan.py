"""Is this file plain ONNX? What leaves the repo holds no reference to another file, and no code."""

from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, Message
from onnx import FunctionProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto

from project.errors import UserError
from project.settings.package import Package

ONNX_DOMAIN = "ai.onnx"  # written "" as well


def scan(path: Path, settings: Package) -> ModelProto:
    """Read a model that may be shipped; `UserError` says why another may not.

    Refused: a file beyond `max_bytes`, one that is no valid ONNX, tensors that lie in other files,
    operators of other domains than `operators`, an opset outside `opset`. Subgraphs, the model's
    own functions and training information are looked into like the graph itself.
    """
    size = path.stat().st_size
    if size > settings.max_bytes:
        raise UserError(f"{path}: {size:,} bytes, package.max_bytes is {settings.max_bytes:,}")
    content = path.read_bytes()
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError:
        raise UserError(f"{path}: not an ONNX model: it cannot be decoded") from None
    allowed = {_domain(name) for name in settings.operators}
    for part in _messages(model):
        if isinstance(part, TensorProto):
            _refuse_external(path, part)
        elif isinstance(part, NodeProto | FunctionProto):
            name = part.op_type if isinstance(part, NodeProto) else part.name
            _refuse_unknown(path, f"operator {part.domain or ONNX_DOMAIN}.{name}", part, allowed)
        elif isinstance(part, OperatorSetIdProto):
            _refuse_unknown(path, f"operator set {part.domain or ONNX_DOMAIN}", part, allowed)
            _refuse_opset(path, part, settings)
    _refuse_invalid(path, content)
    return model


def _messages(message: Message) -> Iterator[Message]:
    """Walk a message and all within it, whatever field they stand in."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for part in [value] if isinstance(value, Message) else value:
                yield from _messages(part)


def _domain(name: str) -> str:
    return name or ONNX_DOMAIN


def _refuse_external(path: Path, tensor: TensorProto) -> None:
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        where = next((e.value for e in tensor.external_data if e.key == "location"), "another file")
        raise UserError(
            f"{path}: tensor {tensor.name!r} lies in {where!r}; a package is one file: "
            "save the model without external data"
        )


def _refuse_unknown(
    path: Path, what: str, part: NodeProto | FunctionProto | OperatorSetIdProto, allowed: set[str]
) -> None:
    if _domain(part.domain) not in allowed:
        raise UserError(
            f"{path}: {what} is of a domain that package.operators does not list; "
            "a runtime would need code for it"
        )


def _refuse_opset(path: Path, opset: OperatorSetIdProto, settings: Package) -> None:
    oldest, newest = settings.opset.oldest, settings.opset.newest
    if _domain(opset.domain) == ONNX_DOMAIN and not oldest <= opset.version <= newest:
        raise UserError(
            f"{path}: opset {opset.version}, package.opset is {oldest} to {newest}; "
            "choose another export.opset"
        )


def _refuse_invalid(path: Path, content: bytes) -> None:
    try:
        onnx.checker.check_model(content)
    except onnx.checker.ValidationError as error:
        raise UserError(f"{path}: not a valid ONNX model: {str(error).splitlines()[0]}") from None
