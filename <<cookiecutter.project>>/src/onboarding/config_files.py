"""A plan as two files of conf/, with the why beside each choice."""

import shlex
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from onboarding.inference import Decision
from onboarding.plan import Plan
from onboarding.target import Target
from project.yaml_text import yaml_text

LONGEST_COMMENT = 100
WRITTEN = "# Written by make onboard"


def dataset_text(plan: Plan, name: str, title: str, path: str) -> str:
    """Write conf/dataset/<name>.yaml: where the table is, and what its columns mean."""
    target = plan.target
    return _lines(
        "# @package _global_",
        f"{WRITTEN} from what the table holds today: mend what it cannot know.",
        "defaults:",
        "  - override /source: file",
        f"  - override /evaluation: {target.task}",
        "",
        "source:",
        *_tracking(path),
        f"  path: {_scalar(path)}",
        *([f"  delimiter: {_scalar(plan.delimiter)}"] * bool(plan.delimiter)),
        *([f"  decimal: {_scalar(plan.decimal)}"] * (plan.decimal != ".")),
        *_missing(plan),
        *_texts(plan),
        "",
        "dataset:",
        f"  name: {name}",
        f"  title: {_scalar(title)}",
        f"  task: {target.task}" + _after(target.why),
        *_alternative(target),
        "  target:",
        f"    name: {_scalar(target.name)}" + _after(_renamed(target)),
        *_classes(target),
        *(f"    {key}: {value}" for key, value in target.rules.items()),
        *_columns_head(plan),
        "  columns:",
        *(_column(column) for column in plan.inputs),
        *_ignored(plan.ignored),
        "",
        "evaluation:",
        "  thresholds:",
        *_thresholds(target),
    )


def experiment_text(plan: Plan, name: str, model: str | None, weights: bool) -> str:
    """Write conf/experiment/<name>.yaml: how to train on it.

    `model` replaces the project's default, which has no part for this task; `weights` says
    whether the model takes class weights.
    """
    target = plan.target
    return _lines(
        "# @package _global_",
        f"# Trains on {_plain(plan.path.name)}: make repro experiment={name}",
        f"# To make it the default, write `- experiment: {name}` into conf/config.yaml.",
        "defaults:",
        f"  - override /dataset: {name}",
        *([f"  - override /model: {model} # the default has none for {target.task}"] * bool(model)),
        *(_weights(target) if weights and target.unbalanced else []),
    )


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    """Write a value so that YAML and OmegaConf read it back as it is, quoted where they must."""
    if isinstance(value, str):
        value = value.replace("${", "\\${")
    text = yaml_text(value, width=10**9, flow=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(text: str) -> str:
    """Make a text fit for a comment: one line, no longer than one reads."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    cut = len(printable) > LONGEST_COMMENT
    return printable[:LONGEST_COMMENT] + "…" if cut else printable


def _after(text: str) -> str:
    return f" # {_plain(text)}" if text else ""


def _renamed(column: Decision | Target) -> str:
    """Return the name in the user's file, where one would not guess it from the name here."""
    guessed = column.source.lower().replace(" ", "_")
    return column.source if guessed != column.name else ""


def _alternative(target: Target) -> Iterator[str]:
    if target.alternative:
        classes = ", ".join(f'"{label}"' for label in target.alternative)
        yield "  # If they are classes: task: classification, /evaluation: classification,"
        yield f"  # target.classes: [{classes}] in place of min,"
        yield "  # and a threshold of balanced_accuracy."
    elif len(target.classes) > 2 and all(label.isdigit() for label in target.classes):
        yield "  # If they are quantities: task: regression, no target.classes,"
        yield "  # /evaluation: regression, and a threshold of r2."


def _classes(target: Target) -> Iterator[str]:
    if target.task == "regression":
        return
    if len(target.classes) == 2:
        yield "    # Of two classes, the last is the positive one: swap them to look for the other."
    if target.rare:
        rare = ", ".join(f"{label} ({rows})" for label, rows in target.rare.items())
        yield f"    # Too rare to learn, their rows are set aside: {_plain(rare)}"
    yield "    classes:"
    for label, rows in target.classes.items():
        yield f"      - {_scalar(label)} # {rows:,} rows"


def _columns_head(plan: Plan) -> Iterator[str]:
    if any("min" in column.rules or "missing" in column.rules for column in plan.inputs):
        yield "  # Rules hold for every row of today; a later row that breaks one is set aside."
    if any(column.type == "category" for column in plan.inputs):
        yield "  # A new category is news, not an error: the model takes it as none of those it"
        yield "  # knows. To set such rows aside, add values: […] to the column."


def _column(column: Decision) -> str:
    rules = {"type": column.type, **column.rules}
    inner = ", ".join(f"{key}: {_scalar(value)}" for key, value in rules.items())
    gaps = f"{column.missing:,} missing" if column.missing else ""
    comment = ": ".join(filter(None, (_renamed(column), gaps, column.why)))
    return f"    {_scalar(column.name)}: {{{inner}}}" + _after(comment)


def _ignored(columns: list[Decision]) -> Iterator[str]:
    if columns:
        yield "  ignore: # to learn from one after all, move it to columns and give it a type"
    for column in columns:
        yield f"    - {_scalar(column.name)}" + _after(column.why)


def _thresholds(target: Target) -> Iterator[str]:
    guess = f"{1 / max(len(target.classes), 1):.2f}"
    why = {
        "balanced_accuracy": f"guessing reaches {guess}; raise it to what the use needs",
        "calibration_error": "wide, as forests of many classes and class weights need it",
        "r2": "answering the mean reaches 0; raise it to what the use needs",
    }
    for metric, value in target.thresholds.items():
        yield f"    {metric}: {value:g}" + _after(why[metric])


def _tracking(path: str) -> Iterator[str]:
    inside = _plain(f"inputs/{PurePath(path).name}")
    move = (
        f"  # inputs/, write path: {_scalar(inside)}",
        f"  # and dvc add {shlex.quote(inside)}; then commit what that wrote.",
    )
    if path.startswith("/"):
        yield "  # Outside this project, so clean clones do not have it: copy the file to"
        yield from move
    elif path.startswith("data/"):
        yield "  # Git ignores data/, which the stages make: move the file to"
        yield from move
    else:
        yield "  # So that clean clones have it: dvc add it and commit what that wrote, or commit"
        yield "  # the file itself if it is small."


def _missing(plan: Plan) -> Iterator[str]:
    if plan.marks:
        marks = ", ".join(repr(mark) for mark in plan.marks)
        yield f"  # {_plain(marks)}: among numbers, so taken for no value"
        yield f"  missing: {_scalar(plan.missing)}"


def _texts(plan: Plan) -> Iterator[str]:
    if plan.texts:
        yield "  # Digits that are no number, as some begin with 0:"
        yield f"  texts: {_scalar(plan.texts)}"


def _weights(target: Target) -> Iterator[str]:
    rows = target.classes
    common, rare = max(rows, key=lambda k: rows[k]), min(rows, key=lambda k: rows[k])
    yield ""
    yield "model:"
    yield f"  # {_plain(f'{rows[common]:,} rows are {common}, {rows[rare]:,} are {rare}')}:"
    yield "  # let each class count alike. Take this out for a model that has no class weights."
    yield "  class_weight: balanced"
