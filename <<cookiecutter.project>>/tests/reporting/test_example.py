import json
import runpy
from pathlib import Path

import pytest
from onnx import ModelProto, TensorProto, helper, save

from project.artefacts import GOLDEN, ONNX
from reporting.serving import EXAMPLE


def test_the_example_on_the_page_answers_the_golden_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ONNX.parent.mkdir()
    GOLDEN.parent.mkdir()
    save(doubling(), ONNX)
    GOLDEN.write_text(json.dumps({"inputs": [{"x": 2.0, "kind": "a"}, {"x": None, "kind": None}]}))
    runpy.run_path(str(EXAMPLE))
    assert capsys.readouterr().out == "double: [[4.0], [nan]]\nsame: [['a'], ['']]\n"


def doubling() -> ModelProto:
    """Make a graph that takes a number and a category."""
    kinds = {"x": TensorProto.FLOAT, "kind": TensorProto.STRING}
    answers = {"double": TensorProto.FLOAT, "same": TensorProto.STRING}
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["double"]),
            helper.make_node("Identity", ["kind"], ["same"]),
        ],
        "doubling",
        [helper.make_tensor_value_info(n, kind, ["rows", 1]) for n, kind in kinds.items()],
        [helper.make_tensor_value_info(n, kind, ["rows", 1]) for n, kind in answers.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)
