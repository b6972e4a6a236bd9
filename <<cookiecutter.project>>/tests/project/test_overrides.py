"""Settings are lower-case words to make, and whoever is told what to type is told them again."""

import subprocess
import sys
from pathlib import Path

import pytest

from project.errors import UserError
from project.overrides import (
    overrides_from_make,
    recorded_overrides,
    recorded_replaced,
    repro_command,
)
from project.params import render

MAKEFLAGS = {
    "": [],
    "s": [],
    " -- model=random_forest": ["model=random_forest"],
    "s -j2 -- ENV=dev model=random_forest": ["model=random_forest"],
    r" -- model.hidden=[64,32] source.delimiter=\"\;\"": [
        'source.delimiter=";"',
        "model.hidden=[64,32]",
    ],
    " -- +model.max_features=3 ~evaluation.slices=": [
        "~evaluation.slices=",
        "+model.max_features=3",
    ],
    "s -- OUT=a.csv model.C=0.5 +model.X=1": ["+model.X=1", "model.C=0.5"],
}

UPPER_CASE = {
    " -- MODEL=random_forest": "MODEL=random_forest: settings are lower-case: model=random_forest",
    " -- Experiment=mine": "Experiment=mine: settings are lower-case: experiment=mine",
    " -- +MODEL.max_features=3": "settings are lower-case: +model.max_features=3",
    " -- Model.C=0.5": "Model.C=0.5: settings are lower-case: model.C=0.5",
    " -- +MODEL.C=X": "+MODEL.C=X: settings are lower-case: +model.C=X",
}


def test_overrides_are_read_back_as_they_were_given() -> None:
    overrides = ["a='b c'", 'delimiter=";"', "x=[1,2]"]

    text = render({"a": 1}, overrides, instead := ["a=1", "delimiter=,", "x=['b', 'c']"])

    assert recorded_overrides(text) == overrides
    assert recorded_replaced(text) == instead


@pytest.mark.parametrize("flags", MAKEFLAGS)
def test_lower_case_variables_of_make_are_overrides(flags: str) -> None:
    assert overrides_from_make(flags) == MAKEFLAGS[flags]


@pytest.mark.parametrize(
    "word",
    [
        'source.delimiter=";"',
        "dataset.title=Bob's # 1",
        "model.hidden=[64, 32]",
        r"path=a\b",
        "a=$x",
    ],
)
def test_a_word_comes_through_make_as_it_was_typed(word: str, folder: Path) -> None:
    (folder / "Makefile").write_text("flags:\n\t@printenv MAKEFLAGS\n")
    done = subprocess.run(["make", word, "A=b"], capture_output=True, text=True, check=True)

    assert overrides_from_make(done.stdout.rstrip("\n")) == [word]


@pytest.mark.parametrize("flags", UPPER_CASE)
def test_a_setting_in_capitals_is_not_passed_over(flags: str) -> None:
    with pytest.raises(UserError) as refused:
        overrides_from_make(flags)

    assert UPPER_CASE[flags] in str(refused.value)


def test_a_hint_repeats_the_overrides_in_force(folder: Path) -> None:
    overrides = ["model=elasticnet", "model.alpha=0.1", 'source.delimiter=";"', "seed=$x"]
    (folder / "params.yaml").write_text(render({"a": 1}, overrides, []))

    assert repro_command(without="model") == "make repro 'source.delimiter=\";\"' 'seed=$x'"
    assert repro_command().startswith("make repro model=elasticnet model.alpha=0.1 ")


@pytest.mark.parametrize("text", [None, "a: 1\n", "# With: 'a\n"])
def test_where_no_overrides_are_recorded_a_hint_has_none(text: str | None, folder: Path) -> None:
    if text:
        (folder / "params.yaml").write_text(text)

    assert repro_command() == "make repro"


def test_a_summary_of_a_run_imports_no_settings() -> None:
    code = "import reporting.summary, sys; print('pydantic' in sys.modules)"
    environment = {"PYTHONPATH": "src"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)

    assert done.stdout == b"False\n", done.stderr
