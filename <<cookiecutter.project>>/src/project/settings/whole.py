"""All of params.yaml, and how its groups agree."""

from dataclasses import dataclass, fields
from math import inf
from typing import Annotated

from annotated_types import Ge, Lt

from project.settings.dataset import Dataset, Split, Validation
from project.settings.evaluation import DIRECTIONS, RANGES, Evaluation
from project.settings.group import Group
from project.settings.identity import Project, Tracking
from project.settings.model import ROLES, Export, Model, SklearnModel
from project.settings.package import Package
from project.settings.serving import Serving
from project.settings.source import Source


@dataclass(frozen=True, kw_only=True)
class Settings(Group):
    """The whole of params.yaml."""

    project: Project
    seed: Annotated[int, Ge(0), Lt(2**32)]
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

    def __post_init__(self) -> None:
        """See that the groups agree."""
        self._metrics_are_of_the_task()
        self._thresholds_can_be_reached()
        self._columns_are_the_data_sets()
        self._model_fits_the_task()

    def _metrics_are_of_the_task(self) -> None:
        task = self.dataset.task
        known = DIRECTIONS[task]
        keys = {f"thresholds.{metric}": metric for metric in self.evaluation.thresholds}
        for key, metric in {"primary": self.evaluation.primary, **keys}.items():
            if metric not in known:
                raise ValueError(
                    f"evaluation.{key}: {metric} is no metric of {task}; "
                    f"choose from {', '.join(known)}"
                )

    def _thresholds_can_be_reached(self) -> None:
        for metric, threshold in self.evaluation.thresholds.items():
            low, high = RANGES.get(metric, (0.0, 1.0))
            if threshold is not None and not low <= threshold <= high:
                raise ValueError(
                    f"evaluation.thresholds.{metric}: expected {_range(low, high)}, as {metric} "
                    f"is never beyond, got {threshold:g}"
                )

    def _columns_are_the_data_sets(self) -> None:
        for name in self.evaluation.slices:
            if name not in self.dataset.columns:
                raise ValueError(f"evaluation.slices: {name} is no column of {self.dataset.name}")
        for name in (*self.serving.recording.hashed, *self.serving.recording.left_out):
            if name not in self.dataset.columns:
                raise ValueError(f"serving.recording: {name} is no column of {self.dataset.name}")

    def _model_fits_the_task(self) -> None:
        task = self.dataset.task
        if isinstance(self.model, SklearnModel) and not getattr(self.model, ROLES[task]):
            raise ValueError(
                f"model: {self.model.name} has no {ROLES[task]}, and {self.dataset.name} is a "
                f"{task}; choose another model, or name a {ROLES[task]} in its file"
            )


GROUPS = tuple(field.name for field in fields(Settings))


def _range(low: float, high: float) -> str:
    if high == inf:
        return f"at least {low:g}"
    return f"at most {high:g}" if low == -inf else f"{low:g} to {high:g}"
