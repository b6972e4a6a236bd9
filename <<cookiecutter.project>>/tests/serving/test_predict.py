"""POST /predict: records by column name, and one line for whatever is wrong with them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Record = dict[str, Any]
Serve = Callable[..., Any]

WRONG: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "a column is missing": (
        {"size": 1, "age": 2, "new": True},
        422,
        {"error": "record 0: column colour is missing", "row": 0, "field": "colour"},
    ),
    "a column is misspelled": (
        {"size": 1, "age": 2, "new": True, "color": "g"},
        422,
        {
            "error": 'record 0: column colour is missing, and the model has no column "color"',
            "row": 0,
            "field": "colour",
        },
    ),
    "a column is unknown": (
        {"size": 1, "age": 2, "new": True, "colour": "g", "weight": 1},
        422,
        {"error": 'record 0: the model has no column "weight"', "row": 0, "field": "weight"},
    ),
    "a text for a number": (
        {"size": "1", "age": 2, "new": True, "colour": "g"},
        422,
        {
            "error": 'record 0, column size: expected a number or null, found "1"',
            "row": 0,
            "field": "size",
        },
    ),
    "a boolean for a number": (
        {"size": True, "age": 2, "new": True, "colour": "g"},
        422,
        {
            "error": "record 0, column size: expected a number or null, found true",
            "row": 0,
            "field": "size",
        },
    ),
    "a number for a boolean": (
        {"size": 1, "age": 2, "new": 1, "colour": "g"},
        422,
        {
            "error": "record 0, column new: expected true, false or null, found 1",
            "row": 0,
            "field": "new",
        },
    ),
    "a number for a category": (
        {"size": 1, "age": 2, "new": None, "colour": 7},
        422,
        {
            "error": "record 0, column colour: expected a string or null, found 7",
            "row": 0,
            "field": "colour",
        },
    ),
    "a list for a number": (
        {"size": [1], "age": 2, "new": None, "colour": "g"},
        422,
        {
            "error": "record 0, column size: expected a number or null, found [1]",
            "row": 0,
            "field": "size",
        },
    ),
    "an object for a category": (
        {"size": 1, "age": 2, "new": None, "colour": {"r": 1}},
        422,
        {
            "error": 'record 0, column colour: expected a string or null, found {"r":1}',
            "row": 0,
            "field": "colour",
        },
    ),
    "a number beyond 32 bits": (
        {"size": 1, "age": 1e300, "new": None, "colour": "g"},
        422,
        {
            "error": "record 0, column age: 1e+300 is beyond 32-bit floating point",
            "row": 0,
            "field": "age",
        },
    ),
    "a number beyond 32 bits after a missing one": (
        {"size": None, "age": -1e300, "new": None, "colour": "g"},
        422,
        {
            "error": "record 0, column age: -1e+300 is beyond 32-bit floating point",
            "row": 0,
            "field": "age",
        },
    ),
    "a number for a record": (
        [3],
        422,
        {"error": "record 0: expected an object, found 3", "row": 0},
    ),
    "nothing": ([], 422, {"error": "expected at least one record, found an empty list"}),
    "too many": ([{}] * 65, 413, {"error": "65 records, the bound is 64: send them in parts"}),
}
#: A body, and the status, the words, the field and the row that it is answered with.
RAW: dict[str, tuple[bytes, int, str, str | None, int | None]] = {
    "nothing at all": (b"", 400, "the body is not JSON", None, None),
    "half a body": (b'{"size": 1', 400, "the body is not JSON", None, None),
    "brackets": (b"[" * 10_000, 400, "the body is not JSON", None, None),
    "brackets by the megabyte": (b"[" * 10_000_000, 413, "larger than 16384 bytes", None, None),
    "what is not UTF-8": (b'{"size": "\xff"}', 400, "not valid UTF-8", None, None),
    "a lone surrogate": (b'{"colour": "\\ud800"}', 400, "the body is not JSON", None, None),
    "a name that is half a surrogate": (
        b'{"\\ud800": NaN}',
        400,
        "column \ud800: nan is no",
        "\ud800",
        0,
    ),
    "NaN": (
        b'[{"size": 1}, {"age": NaN}]',
        400,
        "record 1, column age: nan is no number",
        "age",
        1,
    ),
    "Infinity": (
        b'{"age": -Infinity}',
        400,
        "record 0, column age: -inf is no number",
        "age",
        0,
    ),
    "1e400": (b'{"age": 1e400}', 400, "record 0, column age: inf is no number", "age", 0),
    "a number of many digits": (
        b'[{"size": 1}, {"age": %b}]' % (b"9" * 400),
        400,
        "record 1, column age: a number of 400 digits is beyond",
        "age",
        1,
    ),
    "a key twice": (
        b'{"size": 1, "age": 2, "new": true, "colour": "g", "age": 3}',
        422,
        "record 0: column age is given twice",
        "age",
        0,
    ),
    "a key twice, once too deep for Python's reader": (
        b'{"age": %b, "size": 1, "age": 2, "new": true, "colour": "g"}'
        % (b"[" * 1000 + b"]" * 1000),
        422,
        "is given twice",
        None,
        None,
    ),
}


def test_one_record_and_a_list_are_answered_alike(client: Any, record: Record) -> None:
    one = client.post("/predict", json=record).json()
    three = client.post("/predict", json=[record, record | {"age": 60}, record]).json()

    assert one["predictions"] == three["predictions"][:1]
    assert three["predictions"][0] == three["predictions"][2] != three["predictions"][1]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_golden_rows_are_answered_as_evaluate_wrote_them(
    task: str, bundle: Serve, serve: Serve
) -> None:
    described = bundle(task)

    answered = serve(task).post("/predict", json=described.golden["inputs"]).json()

    assert answered["model"] == {
        "name": "houses",
        "version": described.digest[7:19],
        "digest": described.digest,
    }
    for answer, expected in zip(answered["predictions"], described.golden["outputs"], strict=True):
        if task == "regression":
            assert answer == {"prediction": pytest.approx(expected["prediction"], abs=1e-4)}
        else:
            assert answer["label"] == expected["label"]
            assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-4)


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_by_row_and_field(case: str, client: Any) -> None:
    sent, status, expected = WRONG[case]

    answer = client.post("/predict", json=sent)

    assert (answer.status_code, answer.json()) == (status, expected)


def test_the_mistake_of_a_later_row_is_found(client: Any, record: Record) -> None:
    answer = client.post("/predict", json=[record, record, record | {"age": "old"}])

    assert (answer.status_code, answer.json()["row"]) == (422, 2)


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_request_is_refused(case: str, client: Any, record: Record) -> None:
    body, status, expected, field, row = RAW[case]

    answer = client.post("/predict", content=body)

    said = answer.json()
    assert answer.status_code == status
    assert expected in said["error"]
    assert (said.get("field"), said.get("row")) == (field, row)
    assert client.post("/predict", json=record).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000_000,
        b'{"a":' * 2_000_000,
        b"[" * 10_000_000 + b"NaN",
        b'{"age": NaN, "a":' + b"[" * 10_000_000,
        b'"' * 10_000_001,
        b"9" * 10_000_000,
    ],
    ids=["brackets", "objects", "brackets and NaN", "NaN and brackets", "quotes", "digits"],
)
def test_megabytes_that_the_bound_lets_in_are_no_json(body: bytes, serve: Serve) -> None:
    client = serve(max_bytes=2**24)

    answer = client.post("/predict", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not JSON")


def test_a_colon_in_a_text_is_no_key(client: Any, record: Record) -> None:
    answer = client.post("/predict", json=record | {"colour": "a:b"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/predict", 405, "POST"),
        ("HEAD", "/predict", 405, "POST"),
        ("POST", "/readyz", 405, "GET, HEAD"),
        ("POST", "/nowhere", 404, None),
        ("GET", "/livez", 200, None),
        ("HEAD", "/livez", 200, None),
    ],
)
def test_paths_and_methods(
    client: Any, method: str, path: str, status: int, allowed: str | None
) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers.get("allow")) == (status, allowed)


def test_a_model_that_is_not_itself_is_never_ready(
    bundle: Serve, serve: Serve, record: Record
) -> None:
    golden = bundle().golden
    golden["outputs"][2]["label"] = "perhaps"
    client = serve(golden=golden)

    assert client.get("/livez").status_code == 200
    for answer in (client.get("/readyz"), client.post("/predict", json=record)):
        assert answer.status_code == 503
        assert "golden row 2" in json.dumps(answer.json())
