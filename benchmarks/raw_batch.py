"""What one writes by hand: read a Parquet file, run the graph over it, write what it answers.

Run by a project's Python in its folder: `raw_batch.py FILE OUT`. No value is checked.
"""

import sys

import numpy as np
import onnxruntime
import pyarrow as pa
from pyarrow import parquet

ROWS = 65_536

session = onnxruntime.InferenceSession(
    "dist/bento/src/model.onnx", providers=["CPUExecutionProvider"]
)
table = parquet.read_table(sys.argv[1])
answers = []
for start in range(0, table.num_rows, ROWS):
    part = table.slice(start, ROWS)
    feed = {}
    for column in session.get_inputs():
        values = part.column(column.name)
        if column.type == "tensor(string)":
            array = values.fill_null("").to_numpy().astype(object)
        else:
            array = values.cast(pa.float32(), safe=False).to_numpy().astype(np.float32)
        feed[column.name] = array.reshape(-1, 1)
    answers.append(session.run(None, feed))
label = np.concatenate([answer[0] for answer in answers])
shares = np.concatenate([answer[1] for answer in answers])
columns = {f"probability_{place}": values for place, values in enumerate(shares.T)}
parquet.write_table(pa.table({"label": pa.array(label, pa.string()), **columns}), sys.argv[2])
