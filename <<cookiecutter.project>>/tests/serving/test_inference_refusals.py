"""The Open Inference Protocol: what is refused, with the input and the row that are wrong."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

from .tensors_of_houses import INFER, Tensor, inputs

Change = Callable[[list[Tensor]], Any]

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
#: The bytes of the last input, and the status, the words, the field and the row of the answer.
BINARY: dict[str, tuple[bytes, int, str, str | None, int | None]] = {
    "a text cut short": (
        struct.pack("<I", 1) + b"g" + struct.pack("<I", 2) + b"r",
        400,
        "row 1, input colour: the data ends too soon",
        "colour",
        1,
    ),
    "a length cut short": (
        struct.pack("<I", 1) + b"g" + b"\0",
        400,
        "row 1, input colour: the data ends too soon",
        "colour",
        1,
    ),
    "a text that is not UTF-8": (
        struct.pack("<I", 1) + b"g" + struct.pack("<I", 1) + b"\xff",
        422,
        "row 1, input colour: expected UTF-8, found b'\\xff'",
        "colour",
        1,
    ),
    "another number of rows": (
        struct.pack("<I", 1) + b"g",
        422,
        "input colour: expected shape [1,1] for 1 values, found [2,1]",
        "colour",
        None,
    ),
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
    answer = ask_binary(client, 1, np.array([4, value], dtype="<f4").tobytes())

    assert answer.status_code == status
    if status == 422:
        infinite = {"error": "row 1, input age: infinite", "field": "age", "row": 1}
        assert answer.json() == infinite
    else:
        missing = client.post(INFER, json={"inputs": inputs()}).json()["outputs"]
        assert answer.json()["outputs"] == missing


@pytest.mark.parametrize("case", BINARY)
def test_wrong_bytes_of_a_tensor_are_named_by_input_and_row(case: str, client: Any) -> None:
    binary, status, expected, field, row = BINARY[case]

    answer = ask_binary(client, 3, binary)

    said = answer.json()
    assert (answer.status_code, said["error"]) == (status, expected)
    assert (said.get("field"), said.get("row")) == (field, row)


def test_bytes_that_are_no_numbers_or_nobodys_are_refused(client: Any) -> None:
    for place, binary, claimed, said in (
        (1, b"\0" * 7, 7, "input age: 7 bytes are no FP32 values"),
        (1, b"\0" * 9, 8, "1 bytes follow the last input's"),
    ):
        answer = ask_binary(client, place, binary, claimed)

        assert (answer.status_code, answer.json()["error"]) == (400, said)


def ask_binary(client: Any, place: int, binary: bytes, claimed: int | None = None) -> Any:
    """Send one of the inputs in binary, and say that it has so many bytes."""
    given = inputs()
    given[place].pop("data")
    size = len(binary) if claimed is None else claimed
    given[place]["parameters"] = {"binary_data_size": size}
    head = orjson.dumps({"inputs": given})
    length = {"Inference-Header-Content-Length": str(len(head))}
    return client.post(INFER, content=head + binary, headers=length)


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_request_is_refused(case: str, client: Any) -> None:
    body, headers, status = BROKEN[case]

    answer = client.post(INFER, content=body, headers=headers)

    assert answer.status_code == status
    assert client.post(INFER, json={"inputs": inputs()}).status_code == 200
