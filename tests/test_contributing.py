"""CONTRIBUTING's recipes, followed as they stand: what they name exists, and a stage is added."""

import re
from collections.abc import Callable
from pathlib import Path

from .conftest import PROJECT, ROOT, run
from .projects import make

RECIPES = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n## ")[1:]
FIVE_STEPS = ("Add a model", "Add a dataset", "Add a stage")

STAGE = '''\
"""Stage gaps: find the columns that are often empty."""

import pyarrow as pa

from project.artefacts import GAPS, TRAIN
from project.errors import one_line
from project.files import write_json
from project.loading import load
from project.settings.gaps import Gaps
from project.tables import contract_of, read_table


def gaps(table: pa.Table, settings: Gaps) -> list[str]:
    """Return the columns of which more than a share has no value."""
    most = settings.most * table.num_rows
    return [name for name in contract_of(table).columns if table.column(name).null_count > most]


def main() -> None:
    """Run the stage."""
    write_json(GAPS, {"columns": gaps(read_table(TRAIN), load("gaps", Gaps))})


if __name__ == "__main__":
    one_line(main)
'''
SETTINGS = '''\
"""What is often empty."""

from dataclasses import dataclass

from project.settings.group import Group, Share


@dataclass(frozen=True, kw_only=True)
class Gaps(Group):
    """The share of rows without a value that a column may have."""

    most: Share
'''
TEST = '''\
"""A column that is often empty is found."""

import pyarrow as pa

from pipeline.gaps import gaps
from project.settings.gaps import Gaps
from project.tables import Contract

CONTRACT = Contract("toy", "regression", "y", None, {"a": "number"}, {"a": "a"})


def test_a_column_that_is_often_empty_is_found() -> None:
    table = pa.table({"a": [1.0, None], "y": [1.0, 2.0]})
    table = table.replace_schema_metadata({b"contract": CONTRACT.to_json().encode()})

    assert gaps(table, Gaps(most=0.4)) == ["a"]
    assert gaps(table, Gaps(most=0.6)) == []
'''
SECTION = """\
{% call parts.section("gaps", "Gaps", "Columns that are often empty.") %}
<p>{{ run.gaps.columns | join(", ") or "None." }}</p>
{% endcall %}
"""
IN_DVC = """\
  gaps:
    cmd: bin/python -m pipeline.gaps
    params:
      - gaps
    deps:
      - data/split/train.parquet
      - src/pipeline/gaps.py
      - src/project/tables.py
    outs:
      - reports/gaps.json:
          cache: false

"""
WRITTEN = {
    "src/pipeline/gaps.py": STAGE,
    "src/project/settings/gaps.py": SETTINGS,
    "tests/pipeline/test_gaps.py": TEST,
    "src/reporting/templates/sections/gaps.html": SECTION,
}
#: By file: behind which text goes what.
ADDED = [
    (
        "src/project/artefacts.py",
        "from pathlib import Path\n",
        '\nGAPS = Path("reports/gaps.json")',
    ),
    (
        "src/project/settings/whole.py",
        "import DIRECTIONS, RANGES, Evaluation\n",
        "from project.settings.gaps import Gaps\n",
    ),
    ("src/project/settings/whole.py", "    split: Split\n", "    gaps: Gaps\n"),
    ("conf/config.yaml", "seed: 42\n", "\ngaps: {most: 0.5}\n"),
    ("tests/conf/config.yaml", "seed: 42\n", "\ngaps: {most: 0.5}\n"),
    ("src/pipeline/package.py", '"evaluation", "export", ', '"gaps", '),
    ("dvc.yaml", "      - data/reference.parquet\n\n", IN_DVC),
    ("dvc.yaml", "      - export\n      - model\n", "      - gaps\n"),
    ("src/reporting/run.py", "    EVALUATION,\n", "    GAPS,\n"),
    ("src/reporting/run.py", "TRAINING, PARITY, ", "GAPS, "),
    ("src/reporting/run.py", "    parity: dict[str, Any]\n", "    gaps: dict[str, Any]\n"),
    (
        "src/reporting/run.py",
        "        parity=_parsed(PARITY, read_json),\n",
        "        gaps=_parsed(GAPS, read_json),\n",
    ),
    (
        "src/reporting/templates/page.html",
        '{% include "sections/data.html" %}\n',
        '{% include "sections/gaps.html" %}\n',
    ),
    (
        "tests/reporting/conftest.py",
        "        artefacts.PARITY: parity(),\n",
        '        artefacts.GAPS: {"columns": ["kind"]},\n',
    ),
]
CHECKED = [
    *("tests/pipeline/test_gaps.py", "tests/pipeline/test_package.py"),
    *("tests/project/test_stage_graph.py", "tests/project/test_params.py"),
    *("tests/project/test_conf.py", "tests/project/test_checked.py", "tests/reporting"),
]


def test_each_recipe_names_what_there_is() -> None:
    text = "".join(RECIPES)
    paths = re.findall(r"`((?:conf|src|tests|docs|deploy|benchmarks)/[\w./*-]*)`", text)
    makefiles = "".join((ROOT / folder / "Makefile").read_text() for folder in ("", PROJECT))
    targets = set(re.findall(r"^([a-z-]+):", makefiles, re.MULTILINE))

    assert len(paths) > 15
    for path in paths:
        assert any(any(folder.glob(path)) for folder in (ROOT, ROOT / PROJECT)), path
    named = set(re.findall(r"`make ([a-z-]+)", text)) - {"target"}  # stands for any
    assert named <= targets


def test_adding_a_model_a_dataset_or_a_stage_takes_five_steps() -> None:
    steps = {recipe.splitlines()[0]: len(re.findall(r"^\d\. ", recipe, re.M)) for recipe in RECIPES}

    assert [steps[title] for title in FIVE_STEPS] == [5, 5, 5]


def test_a_stage_is_added_as_the_recipe_says(trained: Callable[..., Path]) -> None:
    project = trained("made", "model=logistic_regression")
    (recipe,) = [recipe for recipe in RECIPES if recipe.startswith("Add a stage")]
    for path, text in WRITTEN.items():
        (project / path).write_text(text)
    for path, before, text in ADDED:
        assert Path(path).name in recipe, "the recipe names each file that is to be edited"
        content = (project / path).read_text()
        assert content.count(before) == 1, (path, before)
        (project / path).write_text(content.replace(before, before + text))

    done = make(project, "repro", "model=logistic_regression")
    tests = run(["bin/python", "-m", "pytest", "-n", "0", *CHECKED], project)

    assert done.returncode == 0, done.stderr
    assert "Running stage 'gaps'" in done.stdout
    assert 'id="gaps"' in (project / "reports/index.html").read_text()
    assert tests.returncode == 0, tests.stdout
