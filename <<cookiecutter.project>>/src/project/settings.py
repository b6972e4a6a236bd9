"""What params.yaml may say: one model a group, strict, so that a typo stops with the key's name."""

import re
from math import inf
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from project.columns import normalise

ColumnType = Literal["number", "boolean", "category"]
Task = Literal["classification", "regression"]
Share = Annotated[float, Field(gt=0, lt=1)]

#: Which way is better, by task and metric.
DIRECTIONS: dict[str, dict[str, Literal["higher", "lower"]]] = {
    "classification": {
        "accuracy": "higher",
        "balanced_accuracy": "higher",
        "macro_f1": "higher",
        "roc_auc": "higher",
        "log_loss": "lower",
        "calibration_error": "lower",
    },
    "regression": {"rmse": "lower", "mae": "lower", "r2": "higher"},
}
#: What a metric can be, where that is not 0 to 1: a threshold beyond it is a slip of the pen.
RANGES = {
    "log_loss": (0.0, inf),
    "rmse": (0.0, inf),
    "mae": (0.0, inf),
    "r2": (-inf, 1.0),
}


class Strict(BaseModel):
    """No unknown key, no silent conversion, no change after loading.

    A stage that reads one group does not build the others: defer_build halves the import.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Project(Strict):
    """Who this is: what cookiecutter asked."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")
    title: str
    owner: str
    registry: str
    framework: Literal["keras", "sklearn"]
    licence: str


class BundledSource(Strict):
    """A data set inside scikit-learn's own wheel: no network."""

    kind: Literal["bundled"]
    name: Literal["wine", "iris", "breast_cancer", "digits", "diabetes"]
    path: str  # the file whose change makes fetch run again


class FileSource(Strict):
    """A CSV or Parquet file; what follows `path` is for CSV."""

    kind: Literal["file"]
    path: str
    delimiter: str = Field(min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    missing: list[str]


Source = Annotated[BundledSource | FileSource, Field(discriminator="kind")]


class Column(Strict):
    """What a column holds, and the rules that each of its values keeps."""

    type: ColumnType
    min: float | None = None
    max: float | None = None
    values: list[str] | None = None
    missing: bool = True

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max are for numbers, this is a {self.type}")
        if self.type != "category" and self.values is not None:
            raise ValueError(f"values are for categories, this is a {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class Target(Strict):
    """What is predicted; `classes` in the order of the probabilities."""

    name: str
    classes: list[str] | None = Field(default=None, min_length=2)
    min: float | None = None
    max: float | None = None


class Dataset(Strict):
    """What the columns mean."""

    name: str
    title: str
    task: Task
    target: Target
    columns: dict[str, Column] = Field(min_length=1)
    ignore: list[str] = []

    @model_validator(mode="after")
    def _names_and_task_agree(self) -> "Dataset":
        for name in (self.target.name, *self.columns, *self.ignore):
            if name != normalise(name):
                raise ValueError(f"column {name!r} is written {normalise(name)!r} here")
        if self.target.name in self.columns:
            raise ValueError(f"the target {self.target.name} is among the input columns")
        if self.task == "classification" and self.target.classes is None:
            raise ValueError("target.classes is missing: name the classes, in order")
        if self.task == "regression" and self.target.classes is not None:
            raise ValueError("target.classes is for classification")
        return self


class Validation(Strict):
    """How many rows may be set aside before the data is refused."""

    max_rejected: Annotated[float, Field(ge=0, lt=1)]


class Split(Strict):
    """How rows are parted; `reference_rows` of train are what drift is measured against."""

    test_share: Share
    reference_rows: int = Field(ge=1)


class Preprocessing(Strict):
    """What happens to columns before the estimator; categories are always one-hot encoded."""

    impute: Literal["mean", "median", "most_frequent"] | None
    scale: bool


class SklearnModel(BaseModel):
    """Any estimator: keys beside these are its own parameters, which it checks itself."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True)

    name: str
    framework: Literal["sklearn"]
    classifier: str | None
    regressor: str | None
    preprocessing: Preprocessing

    @property
    def parameters(self) -> dict[str, Any]:
        """The estimator's own parameters."""
        return dict(self.model_extra or {})


class KerasModel(Strict):
    """A multi-layer perceptron; see conf/model/keras_mlp.yaml for each key."""

    name: str
    framework: Literal["keras"]
    hidden: list[Annotated[int, Field(ge=1)]]
    activation: str
    dropout: Annotated[float, Field(ge=0, lt=1)]
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    epochs: int = Field(ge=1)
    patience: int = Field(ge=1)
    validation_share: Share
    class_weight: Literal["balanced"] | None


Model = Annotated[SklearnModel | KerasModel, Field(discriminator="framework")]


class Export(Strict):
    """The ONNX operator set, and how far the graph may be from the native model."""

    opset: int = Field(ge=13, le=21)
    tolerance: float = Field(gt=0)


class Evaluation(Strict):
    """What the model must reach; `thresholds` are minima or maxima by the metric's direction."""

    primary: str
    thresholds: dict[str, float | None]
    slices: list[str]
    resamples: int = Field(ge=100)
    confidence: Share


class Opsets(Strict):
    """The versions of ai.onnx that a model may use."""

    oldest: int = Field(ge=1)
    newest: int = Field(ge=1)

    @model_validator(mode="after")
    def _oldest_comes_first(self) -> "Opsets":
        if self.oldest > self.newest:
            raise ValueError(f"oldest {self.oldest} is above newest {self.newest}")
        return self


def _pinned(name: str) -> str:
    """Let pass a name that stands for the same bytes for ever."""
    if not re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", name):
        raise ValueError("expected name@sha256:… with its 64 digits")
    return name


def _scratch_or_pinned(base: str) -> str:
    if base != "scratch" and not re.fullmatch(r".+@sha256:[0-9a-f]{64}", base):
        raise ValueError("expected scratch, or path@sha256:… of an image in an OCI layout")
    return base


class Package(Strict):
    """The ModelCar's form, and what a model file may hold; see conf/config.yaml."""

    runtime: Literal["triton", "openvino"]
    base: Annotated[str, AfterValidator(_scratch_or_pinned)]
    service_base: Annotated[str, AfterValidator(_pinned)]
    opset: Opsets
    operators: list[str] = Field(min_length=1)
    max_bytes: int = Field(ge=1, lt=2**31)  # what protobuf can read


class Recording(Strict):
    """Which part of each prediction is kept, and where."""

    enabled: bool
    folder: str
    max_file_bytes: int = Field(ge=1024)
    max_file_seconds: int = Field(ge=1)
    max_files: int = Field(ge=1)
    hashed: list[str]
    left_out: list[str]


class Serving(Strict):
    """What the service bears before it refuses a request; see conf/config.yaml."""

    host: str
    port: int = Field(ge=0, lt=2**16)
    max_rows: int = Field(ge=1)
    max_bytes: int = Field(ge=1024)
    max_queue: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    workers: int = Field(ge=1)
    threads: int = Field(ge=1)
    drain_seconds: float = Field(ge=0)
    recording: Recording


class Tracking(Strict):
    """Where `make register` files the run, and under which name the model."""

    experiment: str
    model: str


class Settings(Strict):
    """The whole of params.yaml."""

    project: Project
    seed: int = Field(ge=0, lt=2**32)
    source: Source
    dataset: Dataset
    validation: Validation
    split: Split
    model: Model
    export: Export
    evaluation: Evaluation
    package: Package
    serving: Serving
    tracking: Tracking

    @model_validator(mode="after")
    def _groups_agree(self) -> "Settings":
        task = self.dataset.task
        known = DIRECTIONS[task]
        keys = {f"thresholds.{metric}": metric for metric in self.evaluation.thresholds}
        for key, metric in {"primary": self.evaluation.primary, **keys}.items():
            if metric not in known:
                raise ValueError(
                    f"evaluation.{key}: {metric} is no metric of {task}; "
                    f"choose from {', '.join(known)}"
                )
        for metric, threshold in self.evaluation.thresholds.items():
            low, high = RANGES.get(metric, (0.0, 1.0))
            if threshold is not None and not low <= threshold <= high:
                raise ValueError(
                    f"evaluation.thresholds.{metric}: expected {_range(low, high)}, as {metric} "
                    f"is never beyond, got {threshold:g}"
                )
        for name in self.evaluation.slices:
            if name not in self.dataset.columns:
                raise ValueError(f"evaluation.slices: {name} is no column of {self.dataset.name}")
        for name in (*self.serving.recording.hashed, *self.serving.recording.left_out):
            if name not in self.dataset.columns:
                raise ValueError(f"serving.recording: {name} is no column of {self.dataset.name}")
        if isinstance(self.model, SklearnModel) and not getattr(self.model, ROLES[task]):
            raise ValueError(
                f"model: {self.model.name} has no {ROLES[task]}, and {self.dataset.name} is a "
                f"{task}; choose another model, or name a {ROLES[task]} in its file"
            )
        return self


def _range(low: float, high: float) -> str:
    if high == inf:
        return f"at least {low:g}"
    return f"at most {high:g}" if low == -inf else f"{low:g} to {high:g}"


ROLES = {"classification": "classifier", "regression": "regressor"}
