"""Generating a project, against a template of one file and no hooks."""

import json
import shutil
import sys
from pathlib import Path

from benchmarks.document import COLUMNS, Table, comparison, plain
from benchmarks.measure import Command, alternate
from benchmarks.workspace import template

BOUND = 1.5
TIMES = 10


def measure(work: Path) -> list[Table]:
    """Return one table."""
    costs = alternate(
        {
            "empty": _generate(_empty_template(work), work / "from-empty"),
            "slipway": _generate(template(work), work / "from-slipway"),
        },
        TIMES,
    )
    return [
        Table(
            COLUMNS,
            [
                plain("an empty template", costs["empty"]),
                comparison(
                    "this template, with its commit", costs["slipway"], costs["empty"], BOUND
                ),
            ],
        )
    ]


def _empty_template(work: Path) -> Path:
    folder = work / "empty-template"
    (folder / "{{cookiecutter.project}}").mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps({"project": "wine-model"}))
    (folder / "{{cookiecutter.project}}" / "README.md").write_text("{{cookiecutter.project}}\n")
    return folder


def _generate(source: Path, out: Path) -> Command:
    python = (sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(out), str(source))
    return Command(python, source.parent, lambda: shutil.rmtree(out, ignore_errors=True))
