"""The ONNX graph as it is shipped: inputs by column, outputs by name, the contract inside."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.tensor_names import TensorNames
from project.tables import Contract


def finish(model: onnx.ModelProto, names: TensorNames, contract: Contract) -> onnx.ModelProto:
    """Give the graph its public face.

    Inputs are in the contract's order, shape (batch, 1). Outputs are `label` (batch,) as strings
    and `probabilities` (batch, classes), or `prediction` (batch, 1), float32. The contract stands
    in the metadata under `contract`, so that whoever holds the file knows what it takes.
    """
    graph = model.graph
    if contract.classes:
        assert names.probabilities
        _rename(graph, names.probabilities, "probabilities")
        if names.label_index:
            _rename(graph, names.label_index, "label_index")
        else:
            _most_probable(graph)
        _label(graph, contract.classes)
        outputs = [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"]),
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, ["batch", len(contract.classes)]
            ),
        ]
    else:
        assert names.prediction
        _rename(graph, names.prediction, "prediction")
        outputs = [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["batch", 1])]
    _replace(graph.output, outputs)
    _replace(graph.input, [_input(name, contract) for name in contract.columns])
    _replace(graph.value_info, [])
    # skl2onnx lists them in another order from run to run.
    versions = sorted((entry.domain, entry.version) for entry in model.opset_import)
    _replace(model.opset_import, [helper.make_opsetid(*entry) for entry in versions])
    helper.set_model_props(model, {"contract": contract.to_json()})
    model.doc_string = ""
    onnx.checker.check_model(model, full_check=False)
    return model


def contract_in(metadata: dict[str, str]) -> Contract:
    """Read the contract back from a model's metadata."""
    return Contract.from_json(metadata["contract"])


def _input(name: str, contract: Contract) -> onnx.ValueInfoProto:
    kind = TensorProto.STRING if contract.columns[name] == "category" else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ["batch", 1])


def _most_probable(graph: onnx.GraphProto) -> None:
    graph.node.append(
        helper.make_node("ArgMax", ["probabilities"], ["label_index"], axis=1, keepdims=0)
    )


def _label(graph: onnx.GraphProto, classes: list[str]) -> None:
    names = np.array([name.encode() for name in classes], dtype=object)
    graph.initializer.append(numpy_helper.from_array(names, "class_names"))
    graph.node.append(helper.make_node("Gather", ["class_names", "label_index"], ["label"], axis=0))


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    if old == new:
        return
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _replace(field: Any, values: list[Any]) -> None:
    del field[:]
    field.extend(values)
