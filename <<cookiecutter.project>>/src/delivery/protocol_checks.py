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

from delivery.checks import Asked, Check, golden_check, latency

LENGTH = "Inference-Header-Content-Length"
Row = Mapping[str, Any]


def protocol_checks(asked: Asked) -> Iterator[Check]:
    """Check that the package's model is served by the protocol."""
    path = f"/v2/models/{asked.package.manifest['name']}"
    for each in ("/v2/health/ready", f"{path}/ready"):
        code = asked.get(each).status_code
        yield Check("ready", code == 200, f"{each} answered {code}")
    yield _digest(asked, path)
    described = asked.get(path)
    described.raise_for_status()
    types = {put["name"]: put["datatype"] for put in described.json()["inputs"]}
    rows = asked.golden["inputs"]
    if types.keys() != rows[0].keys():
        theirs, ours = ", ".join(types), ", ".join(rows[0])
        yield Check("golden", False, f"its inputs are {theirs}, expected {ours}")
        return
    body, headers = infer_request(rows, types)
    answer = asked.post(f"{path}/infer", data=body, headers=headers)
    yield golden_check(read_answer(answer, asked.golden), asked.golden)
    each_row = [infer_request([row], types) for row in rows]

    def ask(number: int) -> None:
        body, headers = each_row[number % len(rows)]
        asked.post(f"{path}/infer", data=body, headers=headers)

    yield latency(ask, asked.settings.p99_milliseconds)


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
