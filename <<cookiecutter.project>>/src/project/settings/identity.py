"""Who the project is, and where its runs are filed."""

from dataclasses import dataclass
from typing import Annotated, Literal

from project.settings.group import Group, matching


@dataclass(frozen=True, kw_only=True)
class Project(Group):
    """Who this is: what cookiecutter asked, and where others clone it from, if not from origin."""

    name: Annotated[str, matching(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")]
    title: str
    owner: str
    registry: str
    framework: Literal["keras", "sklearn"]
    licence: str
    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Tracking(Group):
    """Where `make register` files the run, and under which name the model."""

    experiment: str
    model: str
