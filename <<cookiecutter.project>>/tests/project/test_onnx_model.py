"""A file that is no graph of this project is told in one line."""

from pathlib import Path

import pytest
from onnx import TensorProto, helper, save_model

from project.errors import UserError
from project.onnx_model import OnnxModel


@pytest.mark.parametrize("content", [b"", b"text", None], ids=["empty", "text", "no contract"])
def test_a_file_that_is_no_model_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Identity", ["x"], ["y"])]
    ends = [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])]
    opset = [helper.make_opsetid("", 17)]
    graph = helper.make_graph(nodes, "other", *ends)
    save_model(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(UserError, match=r"model\.onnx: not a model of this project, or cut short"):
        OnnxModel(path)
