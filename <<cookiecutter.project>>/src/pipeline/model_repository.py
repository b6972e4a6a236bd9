"""The folder layout that a serving runtime reads, below /models."""

import json
from pathlib import Path

from onnx import TensorProto, ValueInfoProto

from pipeline.subject import Subject
from project.errors import UserError

TRITON_TYPES = {TensorProto.FLOAT: "TYPE_FP32", TensorProto.STRING: "TYPE_STRING"}


def model_repository(subject: Subject, runtime: str) -> dict[str, bytes | Path]:
    """Return each file that the runtime needs, by its path below /models.

    KServe mounts them as /mnt/models: Triton takes that for a repository of models, each in a
    folder of its name; OpenVINO Model Server for one model, whose versions are the folders.
    """
    if runtime == "openvino":
        _refuse_what_openvino_lacks(subject)
        return {"1/model.onnx": subject.model}
    name = subject.project.name
    return {
        f"{name}/1/model.onnx": subject.model,
        f"{name}/config.pbtxt": triton_config(subject).encode(),
    }


def _refuse_what_openvino_lacks(subject: Subject) -> None:
    """Raise `UserError` where OpenVINO cannot load the graph: it has no ai.onnx.ml, no strings."""
    graph = subject.graph.graph
    other = "OpenVINO has none; choose package.runtime: triton"
    for node in graph.node:
        if node.domain == "ai.onnx.ml":
            raise UserError(f"{subject.model}: operator {node.domain}.{node.op_type}: {other}")
    for role, tensors in (("input", graph.input), ("output", graph.output)):
        for tensor in tensors:
            if tensor.type.tensor_type.elem_type == TensorProto.STRING:
                raise UserError(f"{subject.model}: {role} {tensor.name!r} is of strings: {other}")


def triton_config(subject: Subject) -> str:
    """Describe inputs and outputs to Triton, after its model_config.proto.

    max_batch_size 0: each shape is the graph's own, its first dimension the rows of a request.
    The digest is for whoever asks Triton which model it runs; no backend reads it.
    """
    graph = subject.graph.graph
    lines = [f'name: "{subject.project.name}"', 'backend: "onnxruntime"', "max_batch_size: 0"]
    lines += [_tensor("input", tensor, subject.model) for tensor in graph.input]
    lines += [_tensor("output", tensor, subject.model) for tensor in graph.output]
    lines.append(
        f'parameters {{ key: "digest" value: {{ string_value: "{subject.model_digest}" }} }}'
    )
    return "\n".join(lines) + "\n"


def _tensor(role: str, tensor: ValueInfoProto, path: Path) -> str:
    kind = tensor.type.tensor_type
    if kind.elem_type not in TRITON_TYPES:
        raise UserError(f"{path}: {role} {tensor.name!r} is neither float nor string")
    sizes = [str(size.dim_value) if size.dim_value else "-1" for size in kind.shape.dim]
    name, type_ = json.dumps(tensor.name), TRITON_TYPES[kind.elem_type]
    return f"{role} {{ name: {name} data_type: {type_} dims: [ {', '.join(sizes)} ] }}"
