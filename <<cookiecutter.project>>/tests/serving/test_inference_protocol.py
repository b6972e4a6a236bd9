"""The Open Inference Protocol, in JSON and in binary."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from .tensors_of_houses import INFER, MODEL, inputs


def test_the_model_describes_itself_as_its_graph(client: Any) -> None:
    described = client.get(MODEL).json()

    assert described["platform"] == "onnxruntime_onnx"
    assert described["inputs"] == [
        {"name": name, "datatype": "BYTES" if name == "colour" else "FP32", "shape": [-1, 1]}
        for name in ("size", "age", "new", "colour")
    ]
    assert described["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
    ]
    version = f"{MODEL}/versions/{described['versions'][0]}"
    assert client.get(version).json() == described
    for path in (
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        f"{MODEL}/ready",
        f"{version}/ready",
    ):
        assert client.get(path).status_code == 200


def test_json_tensors_get_the_answers_of_records(client: Any) -> None:
    records = [
        {"size": 3.0, "age": 4, "new": True, "colour": "g"},
        {"size": None, "age": None, "new": None, "colour": None},
    ]
    expected = client.post("/predict", json=records).json()["predictions"]

    answer = client.post(INFER, json={"id": "7", "inputs": inputs()}).json()

    assert (answer["model_name"], answer["id"]) == ("houses", "7")
    label, probabilities = answer["outputs"]
    assert label["data"] == [one["label"] for one in expected]
    assert (label["datatype"], label["shape"]) == ("BYTES", [2])
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP32", [2, 2])
    assert probabilities["data"] == [
        share for one in expected for share in one["probabilities"].values()
    ]


def test_binary_tensors_get_the_answers_of_json(client: Any) -> None:
    expected = client.post(INFER, json={"inputs": inputs()}).json()["outputs"]
    tensors, chunks = inputs(), []
    for tensor in tensors:
        values = tensor.pop("data")
        if tensor["datatype"] == "BYTES":
            texts = [(value or "").encode() for value in values]
            chunks.append(b"".join(struct.pack("<I", len(text)) + text for text in texts))
        else:
            chunks.append(np.array(np.ravel(values), dtype="<f4").tobytes())
        tensor["parameters"] = {"binary_data_size": len(chunks[-1])}
    head = orjson.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}})

    answer = client.post(
        INFER,
        content=b"".join([head, *chunks]),
        headers={"Inference-Header-Content-Length": str(len(head))},
    )

    length = int(answer.headers["inference-header-content-length"])
    label, probabilities = orjson.loads(answer.content[:length])["outputs"]
    binary = answer.content[length:]
    size = label["parameters"]["binary_data_size"]
    shares = np.frombuffer(binary[size:], dtype="<f4")
    texts = [struct.pack("<I", len(text)) + text.encode() for text in expected[0]["data"]]
    assert binary[:size] == b"".join(texts)
    assert shares.tolist() == np.float32(expected[1]["data"]).tolist()
    assert probabilities["parameters"] == {"binary_data_size": shares.nbytes}


def test_only_the_outputs_that_are_asked_for_are_sent(client: Any) -> None:
    asked = {"inputs": inputs(), "outputs": [{"name": "probabilities"}]}

    answer = client.post(INFER, json=asked).json()

    assert [output["name"] for output in answer["outputs"]] == ["probabilities"]


def test_another_model_is_not_there(client: Any) -> None:
    assert client.post("/v2/models/flats/infer", json={"inputs": inputs()}).status_code == 404


def test_too_many_rows_are_refused(serve: Callable[..., Any]) -> None:
    answer = serve(max_rows=1).post(INFER, json={"inputs": inputs()})

    assert answer.status_code == 413
