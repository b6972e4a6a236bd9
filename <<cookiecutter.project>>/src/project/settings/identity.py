"""Who the project is, and where its runs are filed."""

from typing import Literal

from pydantic import Field

from project.settings.base import Strict


class Project(Strict):
    """Who this is: what cookiecutter asked, and where others clone it from, if not from origin."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")
    title: str
    owner: str
    registry: str
    framework: Literal["keras", "sklearn"]
    licence: str
    repository: str | None = None


class Tracking(Strict):
    """Where `make register` files the run, and under which name the model."""

    experiment: str
    model: str
