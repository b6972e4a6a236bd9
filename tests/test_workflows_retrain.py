"""New data at its source, a better model, and a pull request: retrain.yml, run by act."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.act import REPOSITORY, TOKEN, GitHub
from tests.conftest import commit_all, git
from tests.deploying import bare
from tests.git_server import git_server
from tests.projects import dvc
from tests.test_retrain import FIRST, LATER, rows, shop, write_table

__all__ = ["shop"]


@pytest.fixture
def github(shop: Path, tmp_path: Path) -> Iterator[GitHub]:
    """Return what stands for GitHub, with a project whose data DVC imports from elsewhere."""
    git(shop, "rm", "--quiet", "--cached", "shop.csv")
    source = Path(shutil.move(shop / "shop.csv", tmp_path / "shop.csv"))
    done = dvc(shop, "import-url", str(source), "shop.csv")
    assert done.returncode == 0, done.stderr
    commit_all(shop, "Import the data")
    folder = tmp_path / "github"
    origin = bare(folder / f"{REPOSITORY}.git")
    git(shop, "push", "--quiet", str(origin), "main")
    shutil.copytree(shop / ".dvc/cache", folder / "dvc")
    with git_server(folder, TOKEN) as url:
        yield GitHub(folder, origin, f"{url}/{REPOSITORY}.git", (shop / ".venv").resolve())


def test_more_rows_make_a_better_model_which_is_proposed(github: GitHub, tmp_path: Path) -> None:
    main = git(github.origin, "rev-parse", "main")
    write_table(tmp_path / "shop.csv", rows(FIRST + LATER))

    done = github.run("retrain", "repository_dispatch", {"action": "new-data"})

    assert done.passed, done.log
    assert "nobody else has these results" in done.log  # DVC has no remote there
    outcome = json.loads((github.artefacts / "retrain/retrain.json").read_text())
    assert outcome["outcome"] == "better", outcome
    (request,) = github.state["pulls"]
    assert outcome["request"] == request["html_url"]
    assert (request["head"], request["base"]) == (outcome["branch"], "main")
    assert "(primary)" in request["body"]
    parent = git(github.origin, "rev-parse", f"{outcome['branch']}^")
    assert parent == git(github.origin, "rev-parse", "main") == main
