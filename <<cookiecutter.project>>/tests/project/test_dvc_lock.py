"""dvc.lock is held against the files, and an edit in conf/ is told by what it changes."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from project.dvc_lock import content_md5, decisive, refuse_stale
from project.loading import read_yaml
from project.params import write

PROJECT = Path(__file__).parents[2]
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


def test_a_folder_has_the_digest_that_dvc_gives_it(folder: Path) -> None:
    """`dvc add` is asked, with what the project's .dvcignore leaves out, and __pycache__."""
    shutil.copytree(PROJECT / "conf", folder / "conf")
    shutil.copy(PROJECT / ".dvcignore", folder)
    (folder / "conf/__pycache__").mkdir()
    (folder / "conf/__pycache__/x.pyc").touch()
    (folder / "conf/Größe.yaml").touch()
    with Repo.init(no_scm=True) as repo:
        repo.add("conf")

    recorded = read_yaml(Path("conf.dvc").read_text())["outs"][0]["md5"]

    assert content_md5(Path("conf")) == recorded
    assert Path("conf/environment").is_dir()
