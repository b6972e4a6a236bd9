"""What the columns mean, and which rows are let in."""

from typing import Annotated

from pydantic import Field, model_validator

from project.columns import normalise
from project.settings.base import ColumnType, Share, Strict, Task


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
    ignore: list[str] = Field(default=[])

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
    """How rows are parted; `reference_rows` of train are what drift is measured against.

    max_rows: of a random sample that is used in place of all rows; None: all.
    """

    max_rows: Annotated[int, Field(ge=10)] | None
    test_share: Share
    reference_rows: int = Field(ge=1)
