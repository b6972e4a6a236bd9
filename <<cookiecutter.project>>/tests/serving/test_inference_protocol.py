"""The Open Inference Protocol, in JSON and in binary, and what it refuses."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

Tensor = dict[str, Any]
Change = Callable[[list[Tensor]], Any]

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


WRONG: dict[str, tuple[Change, int, str]] = {
    "an input is missing": (lambda put: put.pop(), 422, "input colour is missing"),
    "an input is unknown": (lambda put: put[0].update(name="width"), 422, 'no input "width"'),
    "an input is given twice": (lambda put: put.append(put[0]), 422, "input size is given twice"),
    "another datatype": (
        lambda put: put[0].update(datatype="FP64"),
        422,
        'input size: expected FP32, found "FP64"',
    ),
    "another shape": (
        lambda put: put[0].update(shape=[2]),
        422,
        "input size: expected shape [2,1] for 2 values, found [2]",
    ),
    "a shape of other data": (
        lambda put: put[0].update(shape=[3, 1]),
        422,
        "expected shape [2,1] for 2 values, found [3,1]",
    ),
    "different numbers of rows": (
        lambda put: put[0].update(shape=[1, 1], data=[1.0]),
        422,
        "different numbers of rows: [1, 2]",
    ),
    "a text for a number": (
        lambda put: put[1].update(data=[1, "2"]),
        422,
        'row 1, input age: expected a number or null, found "2"',
    ),
    "a number for a text": (
        lambda put: put[3].update(data=["g", 2]),
        422,
        "row 1, input colour: expected a string or null, found 2",
    ),
    "a number beyond 32 bits": (
        lambda put: put[1].update(data=[1, -1e300]),
        422,
        "row 1, input age: infinite",
    ),
    "no data": (lambda put: put[0].pop("data"), 422, "input size: data: expected a list"),
    "deeper lists": (lambda put: put[0].update(data=[[[1]], [[2]]]), 422, "found [1]"),
    "bytes that are not there": (
        lambda put: put[0].update(parameters={"binary_data_size": 8}),
        400,
        "input size: binary_data_size is 8",
    ),
    "parameters that are none": (lambda put: put[0].update(parameters=3), 422, "parameters"),
}
BROKEN: dict[str, tuple[bytes, dict[str, str], int]] = {
    "no JSON": (b"{", {}, 400),
    "no object": (b"[]", {}, 422),
    "no inputs": (b"{}", {}, 422),
    "inputs that are none": (b'{"inputs": [3]}', {}, 422),
    "a header beyond the body": (b"{}", {"Inference-Header-Content-Length": "9"}, 400),
    "a header that is no number": (b"{}", {"Inference-Header-Content-Length": "-1"}, 400),
    "a header of many digits": (
        b"{}",
        {"Inference-Header-Content-Length": "9" * 5000},
        400,
    ),
    "half of a JSON": (b'{"inputs": []}', {"Inference-Header-Content-Length": "5"}, 400),
}


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


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([{"name": "logits"}], 'the model has no output "logits"'),
        ([{}], "the model has no output null"),
        (["label"], 'outputs: expected objects with a name, found "label"'),
        ("label", 'outputs: expected objects with a name, found "label"'),
    ],
)
def test_an_output_that_is_unknown_is_refused(client: Any, asked: Any, said: str) -> None:
    answer = client.post(INFER, json={"inputs": inputs(), "outputs": asked})

    assert (answer.status_code, answer.json()["error"]) == (422, said)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_tensor_is_named(case: str, client: Any) -> None:
    change, status, expected = WRONG[case]
    given = inputs()
    change(given)

    answer = client.post(INFER, json={"inputs": given})

    assert answer.status_code == status
    assert expected in answer.json()["error"]


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_request_is_refused(case: str, client: Any) -> None:
    body, headers, status = BROKEN[case]

    answer = client.post(INFER, content=body, headers=headers)

    assert answer.status_code == status
    assert client.post(INFER, json={"inputs": inputs()}).status_code == 200


def test_another_model_is_not_there(client: Any) -> None:
    assert client.post("/v2/models/flats/infer", json={"inputs": inputs()}).status_code == 404


def test_too_many_rows_are_refused(serve: Callable[..., Any]) -> None:
    answer = serve(max_rows=1).post(INFER, json={"inputs": inputs()})

    assert answer.status_code == 413
