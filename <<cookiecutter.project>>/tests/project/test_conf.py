"""What conf/ offers composes: each file of it, whatever the defaults are."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from project.composing import compose
from project.errors import UserError

CONF = Path(__file__).parents[2] / "conf"
NONE = "experiment=null"


def named(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@cache
def composes(*overrides: str) -> bool:
    """Compose; false where a model has no part for a data set's task."""
    try:
        text = yaml.safe_dump(compose(list(overrides), CONF))
    except UserError as error:
        if " has no classifier" in str(error) or " has no regressor" in str(error):
            return False
        raise
    assert "???" not in text
    return True


def task(dataset: str) -> str:
    return str(yaml.safe_load((CONF / f"dataset/{dataset}.yaml").read_text())["dataset"]["task"])


#: A model's parts depend on the task, and on nothing else of a data set.
ONE_OF_EACH = {task(dataset): dataset for dataset in named("dataset")}.values()


def test_the_defaults_compose() -> None:
    assert composes()


@pytest.mark.parametrize("dataset", named("dataset"))
def test_a_data_set_composes_with_a_model(dataset: str) -> None:
    chosen = [NONE, f"dataset={dataset}"]

    # From the last on: random_forest has a part for each task.
    assert any(composes(*chosen, f"model={model}") for model in reversed(named("model")))


@pytest.mark.parametrize("model", named("model"))
def test_a_model_composes_where_it_has_a_part_for_the_task(model: str) -> None:
    composed = {each: composes(NONE, f"model={model}", f"dataset={each}") for each in ONE_OF_EACH}

    assert any(composed.values())


@pytest.mark.parametrize("experiment", named("experiment"))
def test_an_experiment_composes(experiment: str) -> None:
    assert composes(f"experiment={experiment}")
