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


#: A change, and the status, the words, the field and the row that it is answered with.
WRONG: dict[str, tuple[Change, int, str, str | None, int | None]] = {
    "an input is missing": (
        lambda put: put.pop(),
        422,
        "input colour is missing",
        "colour",
        None,
    ),
    "an input is unknown": (
        lambda put: put[0].update(name="width"),
        422,
        'no input "width"',
        "inputs",
        None,
    ),
    "an input is given twice": (
        lambda put: put.append(put[0]),
        422,
        "input size is given twice",
        "size",
        None,
    ),
    "another datatype": (
        lambda put: put[0].update(datatype="FP64"),
        422,
        'input size: expected FP32, found "FP64"',
        "size",
        None,
    ),
    "another shape": (
        lambda put: put[0].update(shape=[2]),
        422,
        "input size: expected shape [2,1] for 2 values, found [2]",
        "size",
        None,
    ),
    "a shape of other data": (
        lambda put: put[0].update(shape=[3, 1]),
        422,
        "expected shape [2,1] for 2 values, found [3,1]",
        "size",
        None,
    ),
    "different numbers of rows": (
        lambda put: put[1].update(shape=[1, 1], data=[1.0]),
        422,
        "input age has 1 rows, input size has 2",
        "age",
        None,
    ),
    "no rows": (
        lambda put: [tensor.update(shape=[0, 1], data=[]) for tensor in put],
        422,
        "expected at least one row, found none",
        None,
        None,
    ),
    "a text for a number": (
        lambda put: put[1].update(data=[1, "2"]),
        422,
        'row 1, input age: expected a number or null, found "2"',
        "age",
        1,
    ),
    "a boolean for a number": (
        lambda put: put[2].update(data=[[1], [True]]),
        422,
        "row 1, input new: expected a number or null, found true",
        "new",
        1,
    ),
    "a number for a text": (
        lambda put: put[3].update(data=["g", 2]),
        422,
        "row 1, input colour: expected a string or null, found 2",
        "colour",
        1,
    ),
    "a number beyond 32 bits": (
        lambda put: put[1].update(data=[1, -1e300]),
        422,
        "row 1, input age: infinite",
        "age",
        1,
    ),
    "no data": (
        lambda put: put[0].pop("data"),
        422,
        "input size: data: expected a list, found null",
        "size",
        None,
    ),
    "null for data": (
        lambda put: put[0].update(data=None),
        422,
        "input size: data: expected a list, found null",
        "size",
        None,
    ),
    "null for a shape": (
        lambda put: put[0].update(shape=None),
        422,
        "input size: expected shape [2,1] for 2 values, found null",
        "size",
        None,
    ),
    "deeper lists": (
        lambda put: put[0].update(data=[[[1]], [[2]]]),
        422,
        "row 0, input size: expected a number or null, found [1]",
        "size",
        0,
    ),
    "bytes that are not there": (
        lambda put: put[0].update(parameters={"binary_data_size": 8}),
        400,
        "input size: binary_data_size is 8",
        "size",
        None,
    ),
    "parameters that are none": (
        lambda put: put[0].update(parameters=3),
        422,
        "parameters: expected an object, found 3",
        "size",
        None,
    ),
}
#: What stands for the last value of a tensor that is no JSON, and what is said of it.
NO_NUMBER = {
    "NaN": "nan is no number in JSON; write null where a value is missing",
    "Infinity": "inf is no number in JSON; write null where a value is missing",
    "-Infinity": "-inf is no number in JSON; write null where a value is missing",
    "1e400": "inf is no number in JSON; write null where a value is missing",
    "9" * 400: "a number of 400 digits is beyond 64-bit floating point",
}
BROKEN: dict[str, tuple[bytes, dict[str, str], int]] = {
    "no JSON": (b"{", {}, 400),
    "no object": (b"[]", {}, 422),
    "no inputs": (b"{}", {}, 422),
    "inputs that are none": (b'{"inputs": [3]}', {}, 422),
    "NaN for inputs": (b'{"inputs": NaN}', {}, 400),
    "NaN for an input": (b'{"inputs": [NaN]}', {}, 400),
    "NaN for data": (b'{"inputs": [{"name": "size", "data": NaN}]}', {}, 400),
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
    change, status, expected, field, row = WRONG[case]
    given = inputs()
    change(given)

    answer = client.post(INFER, json={"inputs": given})

    said = answer.json()
    assert answer.status_code == status
    assert expected in said["error"]
    assert (said.get("field"), said.get("row")) == (field, row)


@pytest.mark.parametrize("written", NO_NUMBER, ids=lambda text: text[:9])
@pytest.mark.parametrize("by_row", [False, True], ids=["flat", "by row"])
def test_a_number_that_json_has_not_is_named_by_input_and_row(
    written: str, by_row: bool, client: Any
) -> None:
    given = inputs()
    given[1]["data"] = [[4], ["HERE"]] if by_row else [4, "HERE"]
    body = orjson.dumps({"inputs": given}).replace(b'"HERE"', written.encode())

    answer = client.post(INFER, content=body)

    words = f"row 1, input age: {NO_NUMBER[written]}"
    assert answer.status_code == 400
    assert answer.json() == {"error": words, "field": "age", "row": 1}


@pytest.mark.parametrize(
    ("value", "status"), [(np.inf, 422), (-np.inf, 422), (np.nan, 200)], ids=["inf", "-inf", "nan"]
)
def test_an_infinite_number_in_binary_is_named_and_nan_is_a_missing_one(
    value: float, status: int, client: Any
) -> None:
    given = inputs()
    given[1].pop("data")
    given[1]["parameters"] = {"binary_data_size": 8}
    head = orjson.dumps({"inputs": given})

    answer = client.post(
        INFER,
        content=head + np.array([4, value], dtype="<f4").tobytes(),
        headers={"Inference-Header-Content-Length": str(len(head))},
    )

    assert answer.status_code == status
    if status == 422:
        infinite = {"error": "row 1, input age: infinite", "field": "age", "row": 1}
        assert answer.json() == infinite
    else:
        missing = client.post(INFER, json={"inputs": inputs()}).json()["outputs"]
        assert answer.json()["outputs"] == missing


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
