"""Sum up the last run in a few lines: the verdict, the metrics, and what to type next."""

import codecs
import io
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from project.artefacts import EVALUATION, ONNX, PAGE, REGISTERED, TRAINING
from project.errors import one_line
from project.files import read_json, sha256
from project.overrides import repro_command
from reporting.words import interval_text, met, metric_name, threshold_text, value_text

PLAIN = str.maketrans({"✓": "+", "✕": "x", "–": "-", "−": "-", "·": "-", "²": "2", "…": "..."})


def summarise(console: Console) -> None:
    """Print the summary, or what to type where there is nothing to sum up yet."""
    if not (EVALUATION.exists() and TRAINING.exists()):
        console.print("Nothing is evaluated yet; type: make repro")
        return
    evaluation, training = read_json(EVALUATION), read_json(TRAINING)
    passed = evaluation["verdict"] == "passed"
    registered = _registered() if passed else None
    console.print()
    console.print(_headline(evaluation, training, passed))
    console.print()
    console.print(_metrics(evaluation))
    console.print()
    console.print(_pointers(passed, registered))


def _headline(evaluation: dict[str, Any], training: dict[str, Any], passed: bool) -> Text:
    mark = ("✓ Passed", "bold green") if passed else ("✕ Refused", "bold red")
    rows = f"{training['rows']:,} rows to train, {evaluation['rows']:,} to test"
    what = f"{training['model']} on {evaluation['dataset']} · {rows}"
    return _text("  ", mark, f"   {what}")


def _metrics(evaluation: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for name, row in evaluation["metrics"].items():
        kept = met(row)
        style = {True: "green", False: "bold red", None: ""}[kept]
        mark = {True: "✓", False: "✕", None: " "}[kept]
        table.add_row(
            _text(f"  {mark}", style=style),
            _text(metric_name(name), style="bold" if name == evaluation["primary"] else ""),
            _text(value_text(row), style=style or "bold"),
            _text(interval_text(row), style="dim"),
            _text(threshold_text(row), style=style),
        )
    return table


def _pointers(passed: bool, registered: dict[str, Any] | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if registered:
        where = f"{registered['name']}, version {registered['version']}"
        table.add_row(
            _label("Registered"), _text(where, (f"  {registered['tracking_uri']}", "dim"))
        )
    if PAGE.exists():
        table.add_row(_label("Report"), _text(str(PAGE)))
    table.add_row(_label("Next"), _next(passed, registered))
    return table


def _next(passed: bool, registered: dict[str, Any] | None) -> Text:
    if not PAGE.exists():
        return _text(("make report", "bold"), "  to see where it is right and wrong")
    if not passed:
        advice = "  or change the data, the model or evaluation.thresholds in conf/"
        return _text((_another_model(), "bold"), advice)
    if not registered:
        return _text(("make register", "bold"), "  to file it as a model version")
    return _text(
        (_another_model(), "bold"),
        "  to try to beat it, ",
        ("make mlflow", "bold"),
        "  to compare",
    )


def _another_model() -> str:
    """Repeat what the last run was asked for, since overrides hold for one run only."""
    return f"{repro_command(without='model')} model=…"


def _registered() -> dict[str, Any] | None:
    """Return the model version of the model that lies here now, if it has one."""
    try:
        registered = read_json(REGISTERED)
        if registered["model_digest"] == sha256(ONNX):
            return dict(registered)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # a summary is a view: what it cannot read, it leaves out
    return None


def _label(name: str) -> Text:
    return _text(f"  {name}", style="dim")


def _text(*parts: str | tuple[str, str], style: str = "") -> Text:
    return Text.assemble(*parts, style=style)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Stand in, as a codec's error handler, for what stdout's encoding cannot say."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(PLAIN)
    return text.encode("ascii", "replace").decode(), error.end


def main() -> None:
    """Print the summary."""
    codecs.register_error("plainly", _plainly)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="plainly")
    summarise(Console(highlight=False))


if __name__ == "__main__":
    one_line(main)
