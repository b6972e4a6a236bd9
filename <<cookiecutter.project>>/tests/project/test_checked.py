"""A stage builds the settings that were checked, without pydantic, as pydantic would."""

import json
from pathlib import Path

import pytest

from project.artefacts import CHECKED, PARAMS
from project.checked import recall, remember
from project.composing import compose
from project.errors import UserError
from project.loading import check, load, read_params
from project.params import render
from project.settings.dataset import Split
from project.settings.group import build
from project.settings.model import SklearnModel
from project.settings.whole import Settings

CONF = Path(__file__).parents[1] / "conf"
# Whole numbers where a fraction may stand, each kind of source.
COMPOSED = [
    ["dataset=wine", "model=random_forest", "export.tolerance=1"],
    ["experiment=wine_quality"],
]
KERAS = {
    "name": "keras_mlp",
    "framework": "keras",
    "hidden": [8],
    "activation": "relu",
    "dropout": 0,
    "learning_rate": 0.1,
    "batch_size": 8,
    "epochs": 2,
    "patience": 1,
    "validation_share": 0.5,
    "class_weight": None,
}


def test_a_model_of_keras_is_built_as_pydantic_would() -> None:
    settings = compose(COMPOSED[0], CONF) | {"model": KERAS}

    assert repr(build(Settings, settings)) == repr(check(settings))


@pytest.mark.parametrize("overrides", COMPOSED, ids=" ".join)
def test_it_is_built_as_pydantic_would(overrides: list[str]) -> None:
    settings = compose(overrides, CONF)

    by_pydantic, by_us = check(settings), build(Settings, settings)

    assert repr(by_us) == repr(by_pydantic)  # which tells 1 from 1.0
    if isinstance(by_pydantic.model, SklearnModel):
        assert by_us.model.parameters == by_pydantic.model.parameters


def test_what_was_checked_is_not_checked_again(folder: Path) -> None:
    PARAMS.write_text("seed: 1\n")
    remember({"seed": 1})
    CHECKED.write_text(json.dumps(json.loads(CHECKED.read_text()) | {"settings": {"seed": 2}}))

    assert load("seed", int) == 2


@pytest.mark.parametrize("text", ["", '{"params": "', "\x00" * 9])
def test_what_was_kept_in_part_is_not_read(text: str, folder: Path) -> None:
    PARAMS.write_text("seed: 1\n")
    CHECKED.parent.mkdir(parents=True)
    CHECKED.write_text(text)

    assert load("seed", int) == 1


def test_an_edit_after_the_check_is_read_and_checked(folder: Path) -> None:
    PARAMS.write_text("split: {test_share: 0.5, reference_rows: 9, max_rows: null}\n")
    remember(read_params())
    PARAMS.write_text("split: {test_share: 1.5, reference_rows: 9, max_rows: null}\n")

    with pytest.raises(UserError, match=r"test_share: Input should be less than 1, got 1\.5"):
        load("split", Split)


@pytest.mark.parametrize("value", ["{1: 5}", "2026-01-01"], ids=["keys that are numbers", "a date"])
def test_what_json_would_change_is_read_from_params_yaml(value: str, folder: Path) -> None:
    PARAMS.write_text(f"model: {value}\n")

    remember(read_params())

    assert recall() is None


def test_the_settings_of_a_run_are_kept(folder: Path) -> None:
    settings = compose(COMPOSED[0], CONF)
    PARAMS.write_text(render(settings, COMPOSED[0], []))

    remember(read_params())

    assert recall() == settings
