"""The report for people: our verdict on all rows, and Evidently's page on a sample beneath it."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitoring.evidently_report import EvidentlyView

TEMPLATES = Path(__file__).with_name("templates")


def render(verdict: dict[str, Any], view: EvidentlyView | None) -> str:
    """Return the page, which asks nothing of any network."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("drift.html").render(verdict=verdict, view=view)
