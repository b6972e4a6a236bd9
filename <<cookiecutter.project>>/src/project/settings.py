"""What params.yaml may say: one model a group, strict, so that a typo stops with the key's name."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from project.artefacts import PARAMS
from project.columns import RESERVED, normalise
from project.errors import UserError

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


class Strict(BaseModel):
    """No unknown key, no silent conversion, no change after loading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
    """A CSV or Parquet file; `delimiter` and `missing` are for CSV."""

    kind: Literal["file"]
    path: str
    delimiter: str = Field(min_length=1, max_length=1)
    missing: list[str]


Source = Annotated[BundledSource | FileSource, Field(discriminator="kind")]


class Column(Strict):
    """What a column holds, and the rules that each of its values keeps."""

    type: Literal["number", "boolean", "category"]
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

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

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
    thresholds: dict[str, float]
    slices: list[str]
    resamples: int = Field(ge=100)
    confidence: Share


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
    tracking: Tracking

    @model_validator(mode="after")
    def _groups_agree(self) -> "Settings":
        task = self.dataset.task
        known = DIRECTIONS[task]
        for metric in (self.evaluation.primary, *self.evaluation.thresholds):
            if metric not in known:
                raise ValueError(
                    f"evaluation: {metric} is no metric of {task}; choose from {', '.join(known)}"
                )
        for name in self.evaluation.slices:
            if name not in self.dataset.columns:
                raise ValueError(f"evaluation.slices: {name} is no column of {self.dataset.name}")
        if isinstance(self.model, SklearnModel) and not getattr(self.model, ROLES[task]):
            raise ValueError(
                f"model: {self.model.name} has no {ROLES[task]}, and {self.dataset.name} is a "
                f"{task}; choose another model, or name a {ROLES[task]} in its file"
            )
        return self


ROLES = {"classification": "classifier", "regression": "regressor"}


def check(data: Any) -> Settings:
    """Validate the whole of params.yaml; a `UserError` names the first wrong key and its file."""
    settings: Settings = _validate(Settings, data, ())
    return settings


def load(group: str, kind: Any) -> Any:
    """Read one group of params.yaml, the only one that the calling stage may depend on.

    `kind` is the group's type; a union such as `Source` is no `type[T]` to a type checker.
    """
    data = read_params()
    if group not in data:
        raise UserError(f"{PARAMS}: {group}: missing; type: make repro")
    return _validate(kind, data[group], (group,))


def read_params(path: Path = PARAMS) -> dict[str, Any]:
    """Read params.yaml as plain data."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; type: make repro") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({error}); type: make repro") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: expected groups of settings; type: make repro")
    return data


def _validate(kind: Any, data: Any, prefix: tuple[str, ...]) -> Any:
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as invalid:
        raise UserError(_first_error(invalid, data, prefix)) from None


def _first_error(invalid: ValidationError, data: Any, prefix: tuple[str, ...]) -> str:
    error = invalid.errors(include_url=False)[0]
    tags = {"bundled", "file", "sklearn", "keras"}  # pydantic's, for the kind of source or model
    place = [*prefix, *(str(part) for part in error["loc"])]
    keys = [part for i, part in enumerate(place) if not (i == 1 and part in tags)]
    message = re.sub("^Value error, ", "", error["msg"])
    if error["type"] == "extra_forbidden":
        message = "no such setting; take it out or mend its spelling"
    elif error["type"] == "missing":
        message = "missing"
    elif not isinstance(error["input"], dict | list):
        message += f", got {error['input']!r}"
    where = f"{'.'.join(keys)}: " if keys else ""
    return f"{_file_of(keys, data)}: {where}{message}"


def _file_of(keys: list[str], data: Any) -> str:
    """Name the file in conf/ where a person would mend the key."""
    group = keys[0] if keys else ""
    choice = None
    if isinstance(data, dict):
        section = data.get(group, data)
        if isinstance(section, dict):
            choice = section.get("kind" if group == "source" else "name")
    if group in ("dataset", "model", "source") and choice:
        return f"conf/{group}/{choice}.yaml"
    if group == "evaluation":
        return "conf/evaluation/"
    return "conf/project.yaml" if group == "project" else "conf/config.yaml"


__all__ = ["DIRECTIONS", "RESERVED", "ROLES", "Settings", "check", "load", "read_params"]
