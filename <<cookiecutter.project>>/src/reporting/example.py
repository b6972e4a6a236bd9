"""Answer the golden rows with the exported graph; it needs numpy and onnxruntime alone."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession("models/model.onnx")
rows = json.loads(Path("reports/golden.json").read_text(encoding="utf-8"))["inputs"]

inputs = {}
for column in model.get_inputs():
    values = [[row[column.name]] for row in rows]  # one value in a row: shape (rows, 1)
    if column.type == "tensor(string)":
        inputs[column.name] = np.array([[value or ""] for [value] in values], dtype=object)
    else:
        inputs[column.name] = np.array(values, dtype=np.float32)  # None becomes NaN

for output, answers in zip(model.get_outputs(), model.run(None, inputs), strict=True):
    print(output.name, answers.tolist(), sep=": ")
