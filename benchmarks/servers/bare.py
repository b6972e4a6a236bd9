"""What one writes by hand: uvicorn and onnxruntime, the same request and answer, no checks."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import orjson

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ.get("THREADS", "0"))  # 0: one for each core
session = onnxruntime.InferenceSession(
    "dist/bento/src/model.onnx", options, providers=["CPUExecutionProvider"]
)
inputs = [
    (put.name, object if put.type == "tensor(string)" else np.float32)
    for put in session.get_inputs()
]
classes = json.loads(Path("dist/bento/src/contract.json").read_text())["classes"]


async def app(scope, receive, send):
    """Answer every request alike."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    records = orjson.loads(body)
    feed = {
        name: np.array([record[name] for record in records], dtype=kind).reshape(-1, 1)
        for name, kind in inputs
    }
    label, probabilities = session.run(None, feed)
    answer = orjson.dumps(
        {
            "predictions": [
                {"label": one, "probabilities": dict(zip(classes, shares, strict=True))}
                for one, shares in zip(label.tolist(), probabilities.tolist(), strict=True)
            ]
        }
    )
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
