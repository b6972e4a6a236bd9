"""dvc.lock is held against the files, and an edit in conf/ is told by what it changes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from project.dvc_lock import content_md5, decisive, refuse_stale
from project.params import write

CONF = Path(__file__).parents[1] / "conf"
TRAIN = {"deps": [{"path": "build/settings.txt", "md5": "0"}, {"path": "a.csv", "md5": "1"}]}


@pytest.fixture
def stages(folder: Path) -> dict[str, Any]:
    """Work where conf/ was composed and found to agree."""
    shutil.copytree(CONF, folder / "conf")
    write(["dataset=iris"])
    return {"settings": {"deps": [{"path": "conf", "md5": content_md5(Path("conf"))}]}}


def test_a_setting_that_was_edited_is_named(
    stages: dict[str, Any], refusal: Callable[..., str]
) -> None:
    forest = Path("conf/model/random_forest.yaml")
    forest.write_text(forest.read_text().replace("n_estimators: 100", "n_estimators: 7"))

    line = refusal(lambda: refuse_stale(stages))

    assert "model.n_estimators is not what conf/ says (conf/ was edited since)" in line
    assert "type `make repro dataset=iris`" in line


def test_an_edit_that_changes_no_setting_is_none(stages: dict[str, Any]) -> None:
    Path("conf/model/another.yaml").write_text("name: another\n")

    refuse_stale(stages)


def test_the_check_of_conf_decides_nothing(stages: dict[str, Any]) -> None:
    assert decisive(stages | {"train": TRAIN}) == {"train": {"deps": TRAIN["deps"][1:]}}
