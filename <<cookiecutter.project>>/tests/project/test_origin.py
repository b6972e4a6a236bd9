"""A wrong setting is told where it stands, and not where its group is described."""

from pathlib import Path

import pytest

from project.composing import compose
from project.errors import UserError
from project.origin import file_of

CONF = Path(__file__).parents[1] / "conf"
CHOICES = {
    "source": "file",
    "evaluation": "regression",
    "dataset": "wine_quality",
    "model": "elasticnet",
    "experiment": "mine",
}
MINE = "# @package _global_\nmodel:\n  alpha: lots\nsplit:\n  test_share: 2\n"


@pytest.fixture
def conf(folder: Path) -> Path:
    """Lay out one file for each group, as they are in a project."""
    for group, name in CHOICES.items():
        path = CONF / group / f"{name}.yaml"
        (folder / "conf" / group).mkdir(parents=True)
        text = MINE if group == "experiment" else path.read_text(encoding="utf-8")
        (folder / "conf" / group / path.name).write_text(text, encoding="utf-8")
    config = (CONF / "config.yaml").read_text(encoding="utf-8")
    (folder / "conf/config.yaml").write_text(config, encoding="utf-8")
    identity = (CONF / "project.yaml").read_text(encoding="utf-8")
    (folder / "conf/project.yaml").write_text(identity, encoding="utf-8")
    return folder / "conf"


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("source.delimiter", "dataset/wine_quality.yaml"),
        ("source.decimal", "source/file.yaml"),
        ("source.missing.3", "source/file.yaml"),
        ("source.delimeter", "source/file.yaml"),  # which nobody sets
        ("evaluation.thresholds.r2", "evaluation/regression.yaml"),
        ("dataset.columns.ph.max", "dataset/wine_quality.yaml"),
        ("model.alpha", "experiment/mine.yaml"),
        ("model.max_iter", "model/elasticnet.yaml"),
        ("split.test_share", "experiment/mine.yaml"),
        ("split.max_rows", "config.yaml"),
        ("seeed", "config.yaml"),
        ("project.name", "project.yaml"),
    ],
)
def test_the_last_file_that_sets_a_key_is_named(key: str, file: str, conf: Path) -> None:
    assert file_of(key.split("."), CHOICES, conf) == conf / file


def test_a_run_without_an_experiment_has_none_of_its_settings(conf: Path) -> None:
    chosen = CHOICES | {"experiment": None}

    assert file_of(["model", "alpha"], chosen, conf) == conf / "model/elasticnet.yaml"


def test_what_is_composed_is_refused_by_the_file_that_says_it(conf: Path) -> None:
    with pytest.raises(UserError, match=r"^conf/experiment/mine.yaml: split.test_share: Input sh"):
        compose(["experiment=mine", "dataset=wine_quality", "model=elasticnet"], Path("conf"))
