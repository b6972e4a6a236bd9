"""`make params`, by which the template's own params.yaml follows its conf/."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import PROJECT, git, run
from .updating import edit

COMPOSE = [sys.executable, "-m", "tools.compose_params"]


def test_params_are_what_conf_composes_to(changing_template: Path) -> None:
    done = run(COMPOSE, changing_template)

    assert done.returncode == 0, done.stderr
    assert git(changing_template, "status", "--porcelain") == ""


def test_an_edit_in_conf_is_composed_for_either_framework(changing_template: Path) -> None:
    folder = changing_template / PROJECT
    edit(folder / "conf/config.yaml", "seed: 42", "seed: 43")
    edit(folder / "conf/model/keras_mlp.yaml", "patience: 10", "patience: 11")

    done = run(COMPOSE, changing_template)

    assert done.returncode == 0, done.stderr
    changed = git(changing_template, "diff", "-U0", "--", f"{PROJECT}/params.yaml").splitlines()
    assert [line for line in changed[4:] if line[0] in "+-"] == [
        "-seed: 42",
        "+seed: 43",
        "-  patience: 10",
        "+  patience: 11",
    ]


@pytest.mark.parametrize("title", ["Bike shop", "O'Neil's", "1e5", "yes: no # perhaps", '"Räder"'])
def test_a_new_project_is_composed_already(generated: Callable[..., Path], title: str) -> None:
    project = generated(title=title, owner=title)

    done = run(["bin/python", "-m", "project.params"], project)

    assert done.returncode == 0, done.stderr
    assert git(project, "status", "--porcelain") == ""
