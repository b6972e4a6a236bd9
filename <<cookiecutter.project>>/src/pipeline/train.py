"""Stage train: fit the model, and keep its weights and architecture without any pickled code."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.csv_text import csv_text
from project.artefacts import CURVES, NATIVE, TRAIN, TRAINING
from project.errors import one_line
from project.estimator import refuse_without_tensorflow
from project.files import replacing, write_json, write_text
from project.loading import load
from project.settings.model import KerasModel, Model, SklearnModel
from project.tables import contract_of, read_table

CURVE = ("step", "train", "validation")


def train(
    table: pa.Table, model: SklearnModel | KerasModel, seed: int, folder: Path
) -> dict[str, Any]:
    """Fit `model` on `table`, write it into `folder`, and return its training curves.

    The same table, settings and seed give the same bytes.
    Raises `UserError` where the estimator refuses a parameter, or TensorFlow is not installed.
    """
    folder.mkdir(parents=True)
    if isinstance(model, SklearnModel):
        from pipeline import sklearn_model

        curves = sklearn_model.train(table, contract_of(table), model, seed, folder)
    else:
        refuse_without_tensorflow(model.name)
        from pipeline import keras_model

        curves = keras_model.train(table, contract_of(table), model, seed, folder)
    return {"model": model.name, "rows": table.num_rows, "curves": curves}


def main() -> None:
    """Run the stage."""
    model = load("model", Model)
    with replacing(NATIVE) as folder:
        report = train(read_table(TRAIN), model, load("seed", int), folder)
    steps = ([point.get(name, "") for name in CURVE] for point in report["curves"])
    write_text(CURVES, csv_text(CURVE, steps))
    write_json(TRAINING, report)
    print(f"{model.name} fitted on {report['rows']:,} rows")


if __name__ == "__main__":
    one_line(main)
