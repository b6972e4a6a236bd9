"""What conf/workflow.yaml may say: strict, so that a typo stops with the key's name."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from project.artefacts import CONF
from project.loading import load_file
from project.settings.base import Strict

WORKFLOW = CONF / "workflow.yaml"
NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"  # of an object of Kubernetes
UNITS = {"s": 1, "m": 60, "h": 3600}


def _quantity(text: str) -> str:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(m|k|[KMGTP]i?)?", text):
        raise ValueError("expected a quantity, such as 500m or 2Gi")
    return text


def _duration(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[smh]", text):
        raise ValueError("expected a duration, such as 30s, 15m or 6h")
    return text


def _cron(text: str) -> str:
    if len(text.split()) != 5:
        raise ValueError("expected five fields: minute, hour, day, month, weekday")
    return text


Name = Annotated[str, Field(pattern=NAME)]
Quantities = dict[str, Annotated[str, AfterValidator(_quantity)]]
Duration = Annotated[str, AfterValidator(_duration)]


class Key(Strict):
    """A key of a Secret."""

    name: Name
    key: str = Field(min_length=1)


class GitSecrets(Strict):
    """What opens the git repository: a key for ssh, or a login for https."""

    ssh_key: Key | None = None
    username: Key | None = None
    password: Key | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "GitSecrets":
        login = [self.username, self.password]
        if (self.ssh_key is None) == (login == [None, None]) or login.count(None) == 1:
            raise ValueError("expected ssh_key, or username and password")
        return self


class Secrets(Strict):
    """Secrets of the namespace, by name."""

    environment: list[Name]
    pull: list[Name]
    git: GitSecrets | None


class Schedule(Strict):
    """When the CronWorkflow runs."""

    cron: Annotated[str, AfterValidator(_cron)]
    timezone: str
    suspended: bool


class StageSettings(Strict):
    """What a stage is given, and how long and how often it may try."""

    requests: Quantities
    limits: Quantities
    retries: int = Field(ge=0)
    backoff: Duration
    timeout: Duration


class WorkflowSettings(Strict):
    """The whole of conf/workflow.yaml; `stages` are complete, with the defaults filled in."""

    image: str | None
    service_account: Name
    revision: str = Field(min_length=1)
    schedule: Schedule
    secrets: Secrets
    defaults: StageSettings
    stages: dict[str, StageSettings]

    @model_validator(mode="before")
    @classmethod
    def _fill_in_defaults(cls, data: Any) -> Any:
        if not (isinstance(data, dict) and isinstance(data.get("defaults"), dict)):
            return data
        own = data.get("stages")
        if not isinstance(own, dict) or not all(isinstance(one, dict) for one in own.values()):
            return data
        return data | {"stages": {name: data["defaults"] | one for name, one in own.items()}}

    def of_stage(self, name: str) -> StageSettings:
        """Return a stage's settings."""
        return self.stages.get(name, self.defaults)


def seconds(duration: str) -> int:
    """Return a duration in seconds."""
    return int(duration[:-1]) * UNITS[duration[-1]]


def load_workflow_settings(path: Path = WORKFLOW) -> WorkflowSettings:
    """Read conf/workflow.yaml; a `UserError` names the first wrong key."""
    settings: WorkflowSettings = load_file(WorkflowSettings, path)
    return settings
