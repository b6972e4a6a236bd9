"""What was asked for on make's command line: make exports what is given there."""

import os

from delivery.environments import Name, checked_name
from project.loading import load
from project.settings.identity import Project


def environment() -> Name:
    """Return ENV; `UserError` where it names none of the environments."""
    return checked_name(os.environ.get("ENV", ""))


def model() -> str:
    """Return the name under which this project's model is deployed."""
    project: Project = load("project", Project)
    return project.name


def given(name: str) -> str | None:
    """Return a variable of make's command line, or None."""
    return os.environ.get(name, "").strip() or None
