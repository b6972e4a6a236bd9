"""The report for people: our verdict on all rows, and Evidently's page on a sample beneath it."""

from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Template

from monitoring.evidently_report import EvidentlyView
from project.pages import page_template

TEMPLATE = Path(__file__).with_name("templates") / "drift.html"
WIDTH, HEIGHT = 220, 44  # of a distribution, in pixels
WORDS = {
    "none": ("✓", "No drift", "What the service is asked is what the model has learned from."),
    "drift": ("!", "Drift", "What the service is asked is no longer what the model has learned."),
    "too_little": ("?", "No verdict", "There is too little data to say."),
}


def render(verdict: dict[str, Any], view: EvidentlyView | None) -> str:
    """Return the page, which asks nothing of any network."""
    return _template().render(
        verdict=verdict,
        view=view,
        seal=WORDS[verdict["verdict"]],
        judged=[row(column) for column in _worst_first(verdict)],
    )


@cache
def _template() -> Template:
    return page_template(TEMPLATE, {"share": share, "moment": moment, "short": short})


def row(column: dict[str, Any]) -> dict[str, Any]:
    """Return what is drawn of a column: its bars, and its score's place on a scale."""
    top = max(column["score"], column["threshold"]) * 1.1
    return column | {
        "bars": bars(column["distribution"]),
        "score_at": 100 * column["score"] / top,
        "threshold_at": 100 * column["threshold"] / top,
    }


def bars(distribution: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a pair of bars for each bin or category, in pixels, with its name and shares."""
    names = distribution.get("categories")
    if names is None:
        edges = distribution["bins"]
        names = [f"{short(low)} to {short(high)}" for low, high in pairwise(edges)]
    pairs = list(zip(names, distribution["reference"], distribution["current"], strict=True))
    most = max((max(before, now) for _, before, now in pairs), default=0) or 1
    step = WIDTH / max(len(pairs), 1)
    width = min(step * 0.4, 14)
    return [
        {
            "name": f"{name}: {share(before)} before, {share(now)} now",
            "x": place * step + (step - 2 * width) / 2,
            "width": width,
            "before": HEIGHT * before / most,
            "now": HEIGHT * now / most,
        }
        for place, (name, before, now) in enumerate(pairs)
    ]


def share(value: float | None) -> str:
    """Write a share as a percentage; a small one is not zero."""
    if value is None:
        return ""
    return "under 1%" if 0 < value < 0.01 else f"{value:.0%}"


def short(value: float | None) -> str:
    """Write a number with three significant digits."""
    return "–" if value is None else f"{value:,.3g}"


def moment(text: str | None) -> str:
    """Write a time as people read it."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC" if text else "not known"


def _worst_first(verdict: dict[str, Any]) -> list[dict[str, Any]]:
    columns = [*verdict["columns"]]
    if verdict["prediction"]:
        columns.append(verdict["prediction"] | {"is_prediction": True})
    return sorted(columns, key=lambda one: -one["score"] / one["threshold"])
