"""What `make drift` has said: its verdicts, as reports/drift/ keeps them."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from project.artefacts import DRIFT
from project.errors import UserError

SHOWN = 30  # the last ones: as many as a phone is wide enough for


class Distribution(BaseModel):
    """How rows lie: between the edges that are `bins` (one more than parts), or by category."""

    bins: list[float] | None = None
    categories: list[str] | None = None
    reference: list[float]
    current: list[float]

    @model_validator(mode="after")
    def _as_many_values_as_parts(self) -> "Distribution":
        names = self.categories if self.bins is None else self.bins[1:]
        if names is None or not len(names) == len(self.reference) == len(self.current):
            raise ValueError("expected a value for each part, then and now")
        return self


class Missing(BaseModel):
    """Shares of rows without a value."""

    reference: float
    current: float


class Column(BaseModel):
    """A column, or the prediction, then and now."""

    name: str
    kind: str
    test: str
    score: float | None
    threshold: float | None
    drifted: bool
    missing: Missing
    unseen: float | None = None
    distribution: Distribution | None = None


class Model(BaseModel):
    """The model whose predictions were looked at; `digest` is that of model.onnx."""

    name: str
    version: str
    digest: str


class Window(BaseModel):
    """From when to when the rows were recorded."""

    start: datetime | None = Field(alias="from")
    end: datetime | None = Field(alias="to")


class Rows(BaseModel):
    """How many rows were looked at."""

    used: int


class Reference(BaseModel):
    """What training saw."""

    rows: int


class Metric(BaseModel):
    """A metric where labels have arrived, beside what evaluation found."""

    name: str
    direction: Literal["higher", "lower"]
    offline: float | None
    current: float | None
    floor: float | None
    kept: bool | None


class Quality(BaseModel):
    """How good the answers were, by the labels that came."""

    labelled: int
    metrics: list[Metric]


class Verdict(BaseModel):
    """One verdict; what it holds beside this is for others."""

    format: Literal[1]
    time: datetime
    verdict: Literal["none", "drift", "too_little"]
    reasons: list[str]
    model: Model
    window: Window
    reference: Reference
    rows: Rows
    columns: list[Column]
    prediction: Column | None = None
    appeared: list[str] = []
    gone: list[str] = []
    quality: Quality | None = None

    @property
    def drifted(self) -> int:
        """How many columns have drifted, the prediction not counted."""
        return sum(column.drifted for column in self.columns)


def read_verdicts() -> list[Verdict]:
    """Return the last verdicts, the oldest first; `UserError` where one cannot be read."""
    paths = sorted(DRIFT.glob("*.json"))[-SHOWN:]
    return sorted(map(_read, paths), key=lambda verdict: verdict.time)


def _read(path: Path) -> Verdict:
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        key = ".".join(map(str, error["loc"]))
        raise UserError(
            f"{path}: {f'{key}: ' if key else ''}{error['msg']}; delete it, and type: make drift"
        ) from None
