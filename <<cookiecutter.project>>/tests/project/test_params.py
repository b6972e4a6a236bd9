"""conf/ is composed into params.yaml, and a bare `dvc repro` notices when the two part."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from project import params
from project.params import compose, overrides_from_make, recorded_overrides, render, write

CONF = Path(__file__).parents[2] / "conf"

REFUSED = {
    "a model that does not exist": (
        "model=randomforest",
        "conf/model/randomforest.yaml does not exist; choose from",
    ),
    "a data set that does not exist": (
        "dataset=titanic",
        "conf/dataset/titanic.yaml does not exist; choose from",
    ),
    "an experiment that does not exist": (
        "experiment=mine",
        "conf/experiment/mine.yaml does not exist; choose from",
    ),
    "a group that does not exist": ("modle=elasticnet", "modle: no such setting in conf/"),
    "a key that does not exist": ("split.test_size=0.3", "split.test_size: no such setting"),
    "a parameter that is not in the file": (
        "model.max_features=3",
        "or add a parameter with +model.max_features=…",
    ),
    "a value of another type": ("seed=many", "conf/config.yaml: seed: "),
    "a value out of range": ("split.test_share=2", "conf/config.yaml: split.test_share: "),
    "a model that has no part for the task": (
        "model=elasticnet",
        "elasticnet has no classifier, and wine is a classification; choose another model",
    ),
    "a source without its path": ("source=file", "source.path: has no value; give one: make repro"),
    "a file that is not there": (
        "experiment=wine_quality",
        "no file inputs/winequality-red.csv; put it there (conf/experiment/ says where",
    ),
    "what is no override": ("dataset.columns={", "dataset.columns={: expected key=value"),
}

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
}


@pytest.fixture
def project(folder: Path) -> Path:
    """Work in a folder that has the project's conf/."""
    shutil.copytree(CONF, folder / "conf")
    config = folder / "conf/config.yaml"
    defaults = yaml.safe_load(config.read_text())
    for group in defaults["defaults"]:
        if isinstance(group, dict) and "model" in group:
            group["model"] = "random_forest"
    config.write_text(yaml.safe_dump(defaults, sort_keys=False))
    return folder


@pytest.mark.parametrize(
    "overrides",
    [
        *(["dataset=" + name] for name in ("wine", "iris", "breast_cancer", "digits")),
        ["dataset=diabetes", "model=elasticnet"],
        *(["model=" + name] for name in ("hist_gradient_boosting", "keras_mlp")),
        ["model=logistic_regression", "model.class_weight=balanced"],
        ["experiment=wine_quality", "source.path=elsewhere.csv"],
    ],
    ids=" ".join,
)
def test_what_comes_with_the_project_composes(overrides: list[str]) -> None:
    settings = compose(overrides, CONF)

    assert settings["dataset"]["task"] in ("classification", "regression")
    assert "???" not in yaml.safe_dump(settings)


def test_params_are_written_once_and_remember_their_overrides(project: Path) -> None:
    assert write(["model.n_estimators=7", "dataset=iris"])
    assert not write(["model.n_estimators=7", "dataset=iris"])

    text = (project / "params.yaml").read_text()
    assert recorded_overrides(text) == ["model.n_estimators=7", "dataset=iris"]
    assert yaml.safe_load(text)["model"]["n_estimators"] == 7
    params.check_agreement()


def test_overrides_are_read_back_as_they_were_given() -> None:
    overrides = ["a='b c'", 'delimiter=";"', "x=[1,2]"]

    assert recorded_overrides(render({"a": 1}, overrides)) == overrides


@pytest.mark.parametrize("flags", MAKEFLAGS)
def test_lower_case_variables_of_make_are_overrides(flags: str) -> None:
    assert overrides_from_make(flags) == MAKEFLAGS[flags]


def test_an_edit_in_conf_is_noticed(
    project: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["dataset=iris"])
    config = project / "conf/config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 77", config.read_text()))
    monkeypatch.setattr("sys.argv", ["params", "--check"])

    assert "seed is not what conf/ says (conf/ was edited since); type `make repro`" in refusal(
        params.main
    )


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(
    case: str, project: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    override, expected = REFUSED[case]
    write([])
    monkeypatch.setattr("sys.argv", ["params", override])

    assert expected in refusal(params.main)


def test_a_file_that_dvc_tracks_is_asked_of_dvc(project: Path, refusal: Callable[..., str]) -> None:
    (project / "wines.csv.dvc").write_text("outs: []\n")

    line = refusal(lambda: params.refuse_missing_source({"kind": "file", "path": "wines.csv"}))

    assert "wines.csv is not here, but DVC tracks it; type: dvc pull" in line
