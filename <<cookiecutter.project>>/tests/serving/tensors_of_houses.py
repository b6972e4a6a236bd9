"""Tensors as the tests of the Open Inference Protocol send them."""

from typing import Any

Tensor = dict[str, Any]

MODEL = "/v2/models/houses"
INFER = f"{MODEL}/infer"


def inputs() -> list[Tensor]:
    """Return two rows as tensors, one of them with every value missing."""
    return [
        {"name": "size", "datatype": "FP32", "shape": [2, 1], "data": [3.0, None]},
        {"name": "age", "datatype": "FP32", "shape": [2, 1], "data": [[4], [None]]},
        {"name": "new", "datatype": "FP32", "shape": [2, 1], "data": [1, None]},
        {"name": "colour", "datatype": "BYTES", "shape": [2, 1], "data": ["g", None]},
    ]
