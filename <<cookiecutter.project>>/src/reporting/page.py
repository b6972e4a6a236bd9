"""Write the model's card, reports/index.html: one page that asks nothing of any network."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Template
from markupsafe import Markup, escape

from project.artefacts import PAGE
from project.errors import one_line
from project.files import write_text
from project.pages import page_template
from reporting import figures
from reporting.choices import as_yaml, choices
from reporting.columns import class_counts, column_rows, rejected_rows
from reporting.confusion import confusion
from reporting.digests import digests
from reporting.metrics import metric_rows
from reporting.monitoring import monitoring
from reporting.ranking import importance, shares, slices
from reporting.run import Run, read_run
from reporting.serving import serving
from reporting.words import metric_name, number

TEMPLATE = Path(__file__).with_name("templates") / "page.html"


def render(run: Run) -> str:
    """Return the page; the same run gives the same text."""
    return _template().render(_context(run))


@cache
def _template() -> Template:
    return page_template(
        TEMPLATE, {"number": number, "metric_name": metric_name, "breakable": breakable}
    )


def breakable(name: str) -> Markup:
    """Let a long name break after its points and underscores, where one would."""
    return Markup("<wbr>").join(escape(part) for part in re.findall(r"[^_.]*[_.]?", name))


def _context(run: Run) -> dict[str, Any]:
    curves = run.training["curves"]
    metrics = metric_rows(run.evaluation)
    return {
        "run": run,
        "project": run.params["project"],
        "dataset": run.params["dataset"],
        "target": run.own_name(run.evaluation["target"]),
        "metrics": metrics,
        "primary": next(row for row in metrics if row.primary),
        "curves": figures.training_curves(curves) if curves else None,
        **_errors(run),
        "importance": importance(run),
        "slices": slices(run),
        "columns": column_rows(run),
        "classes": shares(class_counts(run)),
        "rejected": rejected_rows(run),
        "digests": digests(run),
        "monitoring": monitoring(run),
        "serving": serving(run),
        "choices": choices(run.params),
        "params": as_yaml(run.params),
    }


def _errors(run: Run) -> dict[str, Any]:
    """Return what shows where the model is wrong, by task."""
    plots = run.plots
    if run.evaluation["classes"]:
        return {
            "confusion": confusion(plots["confusion"], run.evaluation["classes"]),
            "errors": [],
            "calibration": figures.class_calibration(plots["calibration"]),
        }
    rows = plots["residuals"]
    return {
        "confusion": None,
        "errors": [figures.predicted_against_actual(rows), figures.residuals(rows)],
        "calibration": figures.number_calibration(rows),
    }


def main() -> None:
    """Write the page."""
    write_text(PAGE, render(read_run()))
    print(f"{PAGE}: open it in a browser")


if __name__ == "__main__":
    one_line(main)
