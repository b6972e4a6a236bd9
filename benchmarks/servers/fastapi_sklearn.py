"""What people usually write: FastAPI, pydantic, pandas and the scikit-learn pipeline."""

from pathlib import Path

import pandas as pd
from fastapi import FastAPI
from pipeline.skops_archive import read_archive
from project.onnx_model import OnnxModel
from pydantic import create_model

contract = OnnxModel(Path("models/model.onnx")).contract
model = read_archive(Path("models/native/pipeline.skops"))
types = {"number": float, "boolean": bool, "category": str}
Row = create_model(
    "Row", **{name: (types[kind] | None, None) for name, kind in contract.columns.items()}
)
app = FastAPI()


@app.post("/predict")
def predict(rows: list[Row]) -> dict[str, list[dict[str, object]]]:
    """Answer as the documentation of FastAPI shows it."""
    frame = pd.DataFrame([row.model_dump() for row in rows])
    shares = model.predict_proba(frame)
    return {
        "predictions": [
            {
                "label": contract.classes[row.argmax()],
                "probabilities": dict(zip(contract.classes, row.tolist(), strict=True)),
            }
            for row in shares
        ]
    }
