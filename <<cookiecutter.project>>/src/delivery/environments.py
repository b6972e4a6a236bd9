"""What holds in an environment, as conf/environment/<name>.yaml says; strict, as all settings are.

No part of params.yaml: what it takes to enter an environment does not make the model.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from delivery.gates.names import GATE_NAMES
from project.artefacts import CONF
from project.errors import UserError
from project.loading import load_file, on_disk
from project.settings.base import Strict
from project.settings.evaluation import DIRECTIONS

Name = Literal["dev", "test", "prod"]
#: In the order in which a package enters them.
NAMES: tuple[Name, ...] = get_args(Name)
#: Values that come with the package.
FACTS = ("name", "environment", "model", "image")
METRICS = sorted({metric for metrics in DIRECTIONS.values() for metric in metrics})


def _metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"no such metric; choose from {', '.join(METRICS)}")
    return name


def _gate(name: str) -> str:
    if name not in GATE_NAMES:
        raise ValueError(f"no such gate; choose from {', '.join(GATE_NAMES)}")
    return name


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


def _moment(value: Any) -> datetime:
    """Read a date, or a time with its offset; YAML has made a moment of either where unquoted."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a moment, such as 2026-12-20T18:00:00Z") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise ValueError("expected a moment, such as 2026-12-20T18:00:00Z")
    return value if value.tzinfo else value.replace(tzinfo=UTC)  # as YAML has it


def _no_facts(values: dict[str, Any]) -> dict[str, Any]:
    for fact in FACTS:
        if fact in values:
            raise ValueError(f"{fact} comes from the package; take it out")
    return values


ByMetric = dict[Annotated[str, AfterValidator(_metric)], float]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Freeze(Strict):
    """A time in which nothing enters: from `start` to just before `end`."""

    start: Moment
    end: Moment
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> "Freeze":
        if self.start >= self.end:
            raise ValueError("end: expected after start")
        return self


class Champion(Strict):
    """How a candidate must compare with what is there; by metric, in the metric's own unit."""

    margins: ByMetric
    slices: ByMetric


class State(Strict):
    """How the desired state changes."""

    by: Literal["direct", "pull_request"]


class Verification(Strict):
    """What answers as it should, and what is done where it does not."""

    target: Literal["running", "pulled"]
    wait_seconds: float = Field(ge=0)
    interval_seconds: float = Field(gt=0)
    p99_milliseconds: float = Field(gt=0)
    floors: ByMetric
    rollback: bool


class Notify(Strict):
    """Who is told."""

    webhook: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None


class Environment(Strict):
    """The whole of conf/environment/<name>.yaml."""

    after: Name | None
    change_pattern: Annotated[str, AfterValidator(_pattern)] | None
    freeze: list[Freeze]
    overridable: list[Annotated[str, AfterValidator(_gate)]]
    champion: Champion
    state: State
    verification: Verification
    notify: Notify
    values: Annotated[dict[str, Any], AfterValidator(_no_facts)]

    def frozen(self, now: datetime) -> Freeze | None:
        """Return the freeze in which this moment, which has an offset, lies."""
        for freeze in self.freeze:
            if freeze.start <= now < freeze.end:
                return freeze
        return None

    def proposes(self, direct: bool) -> bool:
        """Tell whether a change comes by a pull request, unless `direct` says that it cannot."""
        return self.state.by == "pull_request" and not direct


def checked_name(name: str) -> Name:
    """Return an environment's name; `UserError` where there is none, or another one."""
    for known in NAMES:
        if name == known:
            return known
    given = f"ENV={name}: no such environment" if name else "ENV is missing"
    raise UserError(f"{given}; expected ENV={'|'.join(NAMES)}")


def load_environment(name: Name, read: Callable[[Path], str] = on_disk) -> Environment:
    """Read an environment's settings; `UserError` names the file and the first wrong key."""
    path = CONF / "environment" / f"{name}.yaml"
    environment: Environment = load_file(Environment, path, read)
    if environment.after and NAMES.index(environment.after) >= NAMES.index(name):
        raise UserError(f"{path}: after: {environment.after} does not come before {name}")
    return environment


def namespace(name: Name, model: str) -> str:
    """Name the cluster's namespace of a model in an environment."""
    return f"{model}-{name}"
