"""Sum up the last run in a few lines: the verdict, the metrics, and what to type next."""

import codecs
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from project.artefacts import EVALUATION, MANIFEST, ONNX, PAGE, REGISTERED, TRAINING
from project.errors import one_line
from project.files import read_json, sha256
from project.overrides import repro_command
from reporting.words import (
    aligned,
    interval_text,
    met,
    metric_name,
    threshold_text,
    value_text,
)

#: The cells of a line, each a text and its style.
Row = tuple[tuple[str, str], ...]
LABELS = {
    name: (f"  {name.capitalize():10}", "dim")
    for name in ("registered", "packaged", "report", "next", "")
}

#: A cell as wide as this takes what follows it along, and nothing else: a command may be long.
WIDEST = 40

PLAIN = str.maketrans({"✓": "+", "✕": "x", "–": "-", "−": "-", "·": "-", "²": "2", "…": "..."})


def summarise(console: Console, is_trial: bool = False) -> None:
    """Print the summary, or what to type where there is nothing to sum up yet.

    is_trial: what was found, and nothing of where it lies or what comes next.
    """
    if not (EVALUATION.exists() and TRAINING.exists()):
        console.print(f"Nothing is evaluated yet; type: {repro_command()}")
        return
    evaluation, training = read_json(EVALUATION), read_json(TRAINING)
    passed = evaluation["verdict"] == "passed"
    registered, packaged = (_registered(), _packaged()) if passed else (None, None)
    parts = [
        [_headline(evaluation, training, passed)],
        _grid(_metrics(evaluation)),
        [
            *(line for pointer in _pointers(registered, packaged) for line in _grid([pointer])),
            *_grid(_next(passed, registered)),
        ],
    ]
    for lines in parts[:2] if is_trial else parts:
        # A terminal breaks a long line itself, and a log has no width.
        console.print("", *lines, sep="\n", soft_wrap=True)


def _headline(evaluation: dict[str, Any], training: dict[str, Any], passed: bool) -> Text:
    mark = ("✓ Passed", "bold green") if passed else ("✕ Refused", "bold red")
    rows = f"{training['rows']:,} rows to train, {evaluation['rows']:,} to test"
    what = f"{training['model']} on {evaluation['dataset']} · {rows}"
    return Text.assemble("  ", mark, f"   {what}")


def _metrics(evaluation: dict[str, Any]) -> Iterator[Row]:
    rows = evaluation["metrics"]
    values = aligned([value_text(row) for row in rows.values()])
    ends = [interval_text(row).partition(" – ")[::2] for row in rows.values()]
    lows, highs = (aligned(list(side)) for side in zip(*ends, strict=True))
    for (name, row), value, low, high in zip(rows.items(), values, lows, highs, strict=True):
        kept = met(row)
        style = {True: "green", False: "bold red", None: ""}[kept]
        yield (
            ({True: "  ✓", False: "  ✕", None: ""}[kept], style),
            (metric_name(name), "bold" if name == evaluation["primary"] else ""),
            (value, style or "bold"),
            (f"{low} – {high}" if low.strip() else "", "dim"),
            (threshold_text(row), style),
        )


def _pointers(registered: dict[str, Any] | None, packaged: dict[str, Any] | None) -> Iterator[Row]:
    if registered:
        version = f"{registered['name']}, version {registered['version']}"
        yield LABELS["registered"], (version, ""), (registered["tracking_uri"], "dim")
    if packaged:
        version = f"{packaged['name']}, version {packaged['version']}"
        yield LABELS["packaged"], (version, ""), (f"{MANIFEST.parent}/", "dim")
    if PAGE.exists():
        yield LABELS["report"], (str(PAGE), "")


def _next(passed: bool, registered: dict[str, Any] | None) -> Iterator[Row]:
    for place, (command, why) in enumerate(_commands(passed, registered)):
        yield LABELS["" if place else "next"], (command, "bold"), (why, "")


def _commands(passed: bool, registered: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    another = f"{repro_command(without='model')} model=…"
    if not PAGE.exists():
        yield "make report", "to see where it is right and wrong"
    elif not passed:
        yield another, "or change the data, the model or evaluation.thresholds in conf/"
    elif not registered:
        yield "make register", "to file it as a model version"
    else:
        yield "make serve", "to ask it over HTTP"
        yield another, "to try to beat it"
        yield "make mlflow", "to compare"


def _grid(rows: Iterable[Row]) -> list[Text]:
    """Set cells in columns, with nothing behind the last of a row."""
    listed = list(rows)
    columns = zip_longest(*([cell_len(text) for text, _ in row] for row in listed), fillvalue=0)
    widths = [max((w for w in column if w < WIDEST), default=0) for column in columns]
    lines = []
    for row in listed:
        line = Text("  ").join(
            Text(set_cell_size(text, max(width, cell_len(text))), style)
            for (text, style), width in zip(row, widths, strict=False)
        )
        line.rstrip()
        lines.append(line)
    return lines


def _registered() -> dict[str, Any] | None:
    """Return the model version of the model that lies here now, if it has one."""
    return _if_of_this_model(REGISTERED, lambda registered: str(registered["model_digest"]))


def _packaged() -> dict[str, Any] | None:
    """Return the package of the model that lies here now, if it has one."""
    return _if_of_this_model(
        MANIFEST, lambda manifest: str(manifest["digests"]["model"]).removeprefix("sha256:")
    )


def _if_of_this_model(path: Path, digest: Callable[[Any], str]) -> dict[str, Any] | None:
    try:
        found = read_json(path)
        if digest(found) == sha256(ONNX):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # a summary is a view: what it cannot read, it leaves out
    return None


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
    summarise(Console(highlight=False), is_trial=sys.argv[1:] == ["trial"])


if __name__ == "__main__":
    one_line(main)
