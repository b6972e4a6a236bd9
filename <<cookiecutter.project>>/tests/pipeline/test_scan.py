"""What is no plain ONNX does not leave the repo; each case plants what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.scan import scan
from project.errors import UserError
from project.settings.package import Opsets

from .conftest import PACKAGE

Change = Callable[[onnx.ModelProto], Any]


def external(tensor: onnx.TensorProto, location: str = "../../weights.bin") -> onnx.TensorProto:
    """Let a tensor lie in another file."""
    tensor.ClearField("float_data")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def constant() -> onnx.NodeProto:
    """Return a node that holds a tensor."""
    return helper.make_node(
        "Constant", [], ["c"], value=helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    )


def branch(node: onnx.NodeProto, output: str) -> onnx.GraphProto:
    """Return a subgraph of one node."""
    return helper.make_graph(
        [node], "branch", [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1])]
    )


def in_a_branch(node: onnx.NodeProto, output: str) -> Change:
    """Plant a node in a branch of a branch."""
    inner = helper.make_node(
        "If", ["yes"], ["i"], then_branch=branch(node, output), else_branch=branch(constant(), "c")
    )
    outer = helper.make_node(
        "If", ["yes"], ["o"], then_branch=branch(inner, "i"), else_branch=branch(constant(), "c")
    )
    return lambda model: model.graph.node.append(outer)


def function(domain: str, node: onnx.NodeProto) -> onnx.FunctionProto:
    """Return a function that the model itself defines."""
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_function(domain, "Mine", ["x"], ["y"], [node], opsets)


def with_external_constant() -> onnx.NodeProto:
    """Return a node whose tensor lies in another file."""
    node = constant()
    external(node.attribute[0].t)
    return node


FOREIGN = helper.make_node("Run", ["x"], ["y"], domain="com.example")
REFUSED: dict[str, tuple[Change, str]] = {
    "an operator of another domain": (
        lambda model: model.graph.node.append(FOREIGN),
        "operator com.example.Run is of a domain that package.operators does not list",
    ),
    "such an operator in a branch of a branch": (in_a_branch(FOREIGN, "y"), "com.example.Run"),
    "such an operator in a function of the model's own": (
        lambda model: model.functions.append(function("", FOREIGN)),
        "com.example.Run",
    ),
    "a function of another domain": (
        lambda model: model.functions.append(function("com.example", constant())),
        "operator com.example.Mine",
    ),
    "such an operator in a training graph": (
        lambda model: model.training_info.add().algorithm.node.append(FOREIGN),
        "com.example.Run",
    ),
    "an operator set of another domain": (
        lambda model: model.opset_import.append(helper.make_opsetid("com.example", 1)),
        "operator set com.example",
    ),
    "weights in another folder": (
        lambda model: external(model.graph.initializer[0]),
        "tensor 'bias' lies in '../../weights.bin'",
    ),
    "weights in a file beside it": (
        lambda model: external(model.graph.initializer[0], "weights.bin"),
        "tensor 'bias' lies in 'weights.bin'",
    ),
    "sparse weights in another file": (
        lambda model: external(model.graph.sparse_initializer.add().values),
        "lies in '../../weights.bin'",
    ),
    "a constant in another file": (
        lambda model: model.graph.node.append(with_external_constant()),
        "tensor 'c' lies in '../../weights.bin'",
    ),
    "a constant in another file, in a branch": (
        in_a_branch(with_external_constant(), "c"),
        "tensor 'c' lies in '../../weights.bin'",
    ),
    "a constant in another file, in a function": (
        lambda model: model.functions.append(function("", with_external_constant())),
        "tensor 'c' lies in '../../weights.bin'",
    ),
    "an opset of tomorrow": (
        lambda model: setattr(model.opset_import[0], "version", 99),
        "opset 99, package.opset is 9 to 21; choose another export.opset",
    ),
    "an opset of long ago": (
        lambda model: setattr(model.opset_import[0], "version", 7),
        "opset 7, package.opset is 9 to 21",
    ),
    "an opset of tomorrow in a function": (
        lambda model: model.functions.append(
            helper.make_function(
                "", "Mine", ["x"], ["y"], [constant()], [helper.make_opsetid("", 99)]
            )
        ),
        "opset 99",
    ),
    "an operator that ONNX does not know": (
        lambda model: model.graph.node.append(helper.make_node("Runn", ["size"], ["y"])),
        "not a valid ONNX model: .*Runn",
    ),
    "a graph without opset": (
        lambda model: model.ClearField("opset_import"),
        "not a valid ONNX model",
    ),
    "a file beyond the bound": (
        lambda model: setattr(model, "doc_string", "x" * 10_000),
        "model.onnx: 10,.* bytes, package.max_bytes is 10,000",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, model: Callable[..., Path]) -> None:
    change, words = REFUSED[case]
    path = model(change)

    with pytest.raises(UserError, match=words) as refused:
        scan(path, PACKAGE)

    assert str(refused.value).startswith("model.onnx: ")


@pytest.mark.parametrize("content", [b"\x80\x04\x95pickle", b"\x00" * 64, b"PK\x03\x04", b""])
def test_it_refuses_what_is_no_onnx(content: bytes, folder: Path) -> None:
    Path("model.onnx").write_bytes(content)

    with pytest.raises(UserError, match=r"model.onnx: not a.* ONNX model"):
        scan(Path("model.onnx"), PACKAGE)


def test_a_plain_graph_passes(model: Callable[..., Path]) -> None:
    assert [node.op_type for node in scan(model(), PACKAGE).graph.node] == ["Add"]


def test_a_domain_that_is_listed_passes(model: Callable[..., Path]) -> None:
    def change(proto: onnx.ModelProto) -> None:
        proto.graph.node.append(helper.make_node("Run", ["size"], ["y"], domain="com.example"))
        proto.opset_import.append(helper.make_opsetid("com.example", 1))

    listed = replace(PACKAGE, operators=["", "com.example"])

    assert len(scan(model(change), listed).graph.node) == 2


def test_the_bounds_are_the_settings(model: Callable[..., Path]) -> None:
    narrow = replace(PACKAGE, opset=Opsets(oldest=18, newest=18))
    tight = replace(PACKAGE, max_bytes=10)

    with pytest.raises(UserError, match="opset 17"):
        scan(model(), narrow)
    with pytest.raises(UserError, match="max_bytes is 10"):
        scan(model(), tight)
