"""Models of scikit-learn: preprocessing and estimator as one pipeline, kept by skops."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.skops_archive import read_archive, write_archive
from pipeline.tensor_names import TensorNames
from project.errors import UserError
from project.estimator import make_estimator
from project.inputs import Inputs, model_inputs, target_values
from project.settings.model import Preprocessing, SklearnModel
from project.tables import Contract

if TYPE_CHECKING:
    import onnx  # train has no use for it

ARCHIVE = "pipeline.skops"


def train(
    table: pa.Table, contract: Contract, model: SklearnModel, seed: int, folder: Path
) -> list[dict[str, float]]:
    """Fit the pipeline, write it to `folder`, and return its curves (empty where it has none)."""
    pipeline = Pipeline(
        [
            ("columns", _preprocessing(contract, model.preprocessing)),
            ("model", _estimator(model, contract, seed)),
        ]
    )
    frame = _frame(model_inputs(table, contract))
    with threadpool_limits(1, user_api="blas"):  # sums in one order, on any number of cores
        _fit(pipeline, frame, target_values(table, contract), model)
    write_archive(pipeline, folder / ARCHIVE)
    return _curves(pipeline.named_steps["model"])


def predict(folder: Path, inputs: Inputs, contract: Contract) -> np.ndarray[Any, Any]:
    """Predict natively: probabilities of shape (rows, classes), or numbers of shape (rows,)."""
    pipeline = read_archive(folder / ARCHIVE)
    frame = _frame(inputs)
    if contract.classes:
        return np.asarray(pipeline.predict_proba(frame), dtype=np.float64)
    return np.asarray(pipeline.predict(frame), dtype=np.float64).ravel()


def to_onnx(folder: Path, contract: Contract, opset: int) -> tuple["onnx.ModelProto", TensorNames]:
    """Convert the pipeline; `UserError` where its estimator has no converter."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator

    pipeline = read_archive(folder / ARCHIVE)
    _round_thresholds(pipeline.named_steps["model"])
    estimator = type(pipeline.named_steps["model"]).__name__
    types = [
        (name, (StringTensorType if kind == "category" else FloatTensorType)([None, 1]))
        for name, kind in contract.columns.items()
    ]
    try:
        graph = convert_sklearn(
            pipeline,
            name=contract.dataset,
            initial_types=types,
            target_opset={"": opset, "ai.onnx.ml": 3},
            options={id(pipeline): {"zipmap": False}} if contract.classes else None,
        )
    except (MissingConverter, MissingShapeCalculator, NotImplementedError) as error:
        raise UserError(
            f"model: {estimator} cannot be exported: no ONNX converter "
            f"({str(error).splitlines()[0][:120]}); choose another estimator in conf/model/"
        ) from None
    outputs = [output.name for output in graph.graph.output]
    if contract.classes:
        return graph, TensorNames(label_index=outputs[0], probabilities=outputs[1])
    return graph, TensorNames(prediction=outputs[0])


def _frame(inputs: Inputs) -> Any:
    import pandas as pd

    return pd.DataFrame(inputs, copy=False)


def _preprocessing(contract: Contract, settings: Preprocessing) -> ColumnTransformer:
    steps: list[tuple[str, Any]] = []
    if settings.impute:
        steps.append(("impute", SimpleImputer(strategy=settings.impute)))
    if settings.scale:
        steps.append(("scale", StandardScaler()))
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    parts = [
        (
            "numbers",
            Pipeline(steps) if steps else "passthrough",
            contract.of_type("number", "boolean"),
        ),
        ("categories", encoder, contract.of_type("category")),
    ]
    return ColumnTransformer([part for part in parts if part[2]])


def _estimator(model: SklearnModel, contract: Contract, seed: int) -> Any:
    estimator = make_estimator(model, contract.task)
    if "random_state" in estimator.get_params(deep=False):
        estimator.set_params(random_state=seed)
    return estimator


def _round_thresholds(estimator: Any) -> None:
    """Make the thresholds of histogram gradient boosting float32, as ONNX will have them.

    Rounded down, `x <= threshold` stays what it was for every float32 x; the converter rounds to
    the nearest, and a value that lies on a threshold, as decimals do, would go the other way.
    """
    for predictor in (p for step in getattr(estimator, "_predictors", []) for p in step):
        exact = predictor.nodes["num_threshold"]
        rounded = exact.astype(np.float32)
        above = rounded > exact
        rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
        predictor.nodes["num_threshold"] = rounded


def _fit(pipeline: Pipeline, frame: Any, target: np.ndarray[Any, Any], model: SklearnModel) -> None:
    try:
        pipeline.fit(frame, target)
    except ValueError as error:
        raise UserError(f"conf/model/{model.name}.yaml: fitting failed: {error}") from None


def _curves(estimator: Any) -> list[dict[str, float]]:
    """Return the loss by step, of rows held out too where they were; empty where none is kept."""
    first, kept = 1, {"train": getattr(estimator, "loss_curve_", _scores(estimator, "train"))}
    if hasattr(estimator, "validation_score_"):  # histogram boosting: scores, from before step 1 on
        first, kept = 0, {part: -_scores(estimator, part) for part in ("train", "validation")}
        if estimator.scoring != "loss":
            return []
    parts = {part: values for part, values in kept.items() if len(values)}
    return [
        {"step": first + i} | {part: float(values[i]) for part, values in parts.items()}
        for i in range(len(kept["train"]))
    ]


def _scores(estimator: Any, part: str) -> np.ndarray[Any, Any]:
    return np.asarray(getattr(estimator, f"{part}_score_", ()))
