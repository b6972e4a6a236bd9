"""Ask a server of the Open Inference Protocol, version 2, such as KServe's Triton.

It has no /predict and none of the model's own gauges. Rows go as binary tensors, since JSON has no
NaN, by which a missing number is told:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from delivery.checks import ANSWER_SECONDS, Asked, Check, Sent, golden_check, latency
from delivery.contract_checks import inputs_check

LENGTH = "Inference-Header-Content-Length"
Row = Mapping[str, Any]


def protocol_checks(asked: Asked) -> Iterator[Check]:
    """Check that the package's model is served by the protocol."""
    path = _path(asked)
    for each in ("/v2/health/ready", f"{path}/ready"):
        code = asked.get(each).status_code
        yield Check("ready", code == 200, f"{each} answered {code}")
    yield _digest(asked, path)
    types = _types(asked)
    rows = asked.golden["inputs"]
    if types.keys() != rows[0].keys():
        theirs, ours = ", ".join(types), ", ".join(rows[0])
        yield Check("golden", False, f"its inputs are {theirs}, expected {ours}")
        return
    body, headers = infer_request(rows, types)
    answer = asked.post(f"{path}/infer", data=body, headers=headers)
    yield golden_check(read_answer(answer, asked.golden), asked.golden)
    sent = _requests(asked, types)

    def ask(number: int) -> None:
        where, content = sent[number % len(sent)]
        asked.post(where, **content)

    yield latency(ask, asked.settings.p99_milliseconds)


def protocol_requests(asked: Asked) -> list[Sent]:
    """Return a request for each golden row."""
    return _requests(asked, _types(asked))


def protocol_contract(asked: Asked) -> Iterator[Check]:
    """Ask what the model takes, and ask what a server of the protocol must refuse.

    The protocol names no status: Triton's are 400, others' any of the client's mistakes.
    """
    types, rows = _types(asked), asked.golden["inputs"][:1]
    yield inputs_check(asked, set(rows[0]))
    name = min(types)
    fewer = {other: of for other, of in types.items() if other != name}
    for what, given in {
        f"a request without {name}": infer_request(rows, fewer),
        "a request with an unknown input": infer_request(
            [{**rows[0], "no such input": 1.0}], types | {"no such input": "FP32"}
        ),
        f"{name} of another type": infer_request(
            [{**rows[0], name: None}],
            types | {name: "FP32" if types[name] == "BYTES" else "BYTES"},
        ),
        "half a JSON text": (b"{", {"Content-Type": "application/json"}),
    }.items():
        where = f"{asked.url}{_path(asked)}/infer"
        body, headers = given
        answer = asked.session.post(where, data=body, headers=headers, timeout=ANSWER_SECONDS)
        held = 400 <= answer.status_code < 500
        yield Check("refusals", held, f"{what}: {answer.status_code}, expected 400 to 499")


def _requests(asked: Asked, types: Mapping[str, str]) -> list[Sent]:
    each_row = (infer_request([row], types) for row in asked.golden["inputs"])
    where = f"{_path(asked)}/infer"
    return [(where, {"data": body, "headers": headers}) for body, headers in each_row]


def _types(asked: Asked) -> dict[str, str]:
    described = asked.get(_path(asked))
    described.raise_for_status()
    return {put["name"]: put["datatype"] for put in described.json()["inputs"]}


def _path(asked: Asked) -> str:
    return f"/v2/models/{asked.package.manifest['name']}"


def _digest(asked: Asked, path: str) -> Check:
    """Compare the digest that the ModelCar tells Triton, as a parameter of its configuration.

    A server without Triton's `config` cannot be asked: there the golden rows have to tell.
    """
    answer = asked.get(f"{path}/config")
    if answer.status_code in (404, 405):
        return Check("digest", True, "not told by this server; the golden rows have to tell")
    answer.raise_for_status()
    told = answer.json().get("parameters", {}).get("digest", {}).get("string_value", "no digest")
    expected = asked.package.digests["model"]
    return Check("digest", told == expected, f"it runs {told}, expected {expected}")


def infer_request(rows: Sequence[Row], types: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Write rows as a request's body and headers, a tensor for each input."""
    inputs, tensors = [], []
    for name, datatype in types.items():
        tensor = _tensor([row[name] for row in rows], datatype)
        tensors.append(tensor)
        inputs.append(
            {
                "name": name,
                "datatype": datatype,
                "shape": [len(rows), 1],
                "parameters": {"binary_data_size": len(tensor)},
            }
        )
    head = json.dumps({"inputs": inputs}).encode()
    headers = {LENGTH: str(len(head)), "Content-Type": "application/octet-stream"}
    return b"".join([head, *tensors]), headers


def _tensor(values: list[Any], datatype: str) -> bytes:
    """Write a column; missing numbers are NaN, missing texts empty, as the graph has them."""
    if datatype == "BYTES":
        texts = ["" if value is None else str(value) for value in values]
        return b"".join(
            struct.pack("<I", len(text)) + text for text in (text.encode() for text in texts)
        )
    numbers = [math.nan if value is None else float(value) for value in values]
    return struct.pack(f"<{len(numbers)}f", *numbers)


def read_answer(answer: Mapping[str, Any], golden: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the answer's tensors as the rows of golden outputs."""
    data = {put["name"]: put["data"] for put in answer["outputs"]}
    classes = list(golden["outputs"][0].get("probabilities", {}))
    if not classes:
        return [{"prediction": value} for value in data["prediction"]]
    shares, width = data["probabilities"], len(classes)
    return [
        {
            "label": label,
            "probabilities": dict(
                zip(classes, shares[row * width : (row + 1) * width], strict=True)
            ),
        }
        for row, label in enumerate(data["label"])
    ]
