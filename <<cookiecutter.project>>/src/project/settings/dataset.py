"""What the columns mean, and which rows are let in."""

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Lt, MinLen

from project.columns import normalise
from project.settings.group import ColumnType, Group, Share, Task


@dataclass(frozen=True, kw_only=True)
class Column(Group):
    """What a column holds, and the rules that each of its values keeps."""

    type: ColumnType
    min: float | None = None
    max: float | None = None
    values: list[str] | None = None
    missing: bool = True

    def __post_init__(self) -> None:
        """See that the rules fit the type."""
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max are for numbers, this is a {self.type}")
        if self.type != "category" and self.values is not None:
            raise ValueError(f"values are for categories, this is a {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")


@dataclass(frozen=True, kw_only=True)
class Target(Group):
    """What is predicted; `classes` in the order of the probabilities."""

    name: str
    classes: Annotated[list[str], MinLen(2)] | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset(Group):
    """What the columns mean."""

    name: str
    title: str
    task: Task
    target: Target
    columns: Annotated[dict[str, Column], MinLen(1)]
    ignore: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """See that names and task agree."""
        for name in (self.target.name, *self.columns, *self.ignore):
            if name != normalise(name):
                raise ValueError(f"column {name!r} is written {normalise(name)!r} here")
        if self.target.name in self.columns:
            raise ValueError(f"the target {self.target.name} is among the input columns")
        if self.task == "classification" and self.target.classes is None:
            raise ValueError("target.classes is missing: name the classes, in order")
        if self.task == "regression" and self.target.classes is not None:
            raise ValueError("target.classes is for classification")


@dataclass(frozen=True, kw_only=True)
class Validation(Group):
    """How many rows may be set aside before the data is refused."""

    max_rejected: Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class Split(Group):
    """How rows are parted; `reference_rows` of train are what drift is measured against.

    max_rows: of a random sample that is used in place of all rows; None: all.
    """

    max_rows: Annotated[int, Ge(10)] | None
    test_share: Share
    reference_rows: Annotated[int, Ge(1)]
