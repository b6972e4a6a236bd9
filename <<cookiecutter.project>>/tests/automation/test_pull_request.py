"""What is committed here is proposed once, by a branch, with main left alone."""

from pathlib import Path
from typing import Any

import pytest

from automation import pull_request
from automation.gh import repository
from automation.pull_request import propose
from project.errors import UserError
from project.git import git


class Requests:
    """GitHub's list of pull requests, as its API has it."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []

    def __call__(self, path: str, method: str = "GET", given: Any = None) -> Any:
        if method == "POST":
            self.made.append(given | {"html_url": f"https://github.example/{len(self.made) + 1}"})
            return self.made[-1]
        return [one for one in self.made if path.endswith(f":{one['head']}")]


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Requests:
    """Stand in a clone of a remote that has one commit."""
    git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "team.git"))
    clone = tmp_path / "clone"
    git("clone", "--quiet", str(tmp_path / "team.git"), str(clone))
    monkeypatch.chdir(clone)
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git("config", name, value)
    commit("Begin")
    git("push", "--quiet", "origin", "HEAD:main")
    made = Requests()
    monkeypatch.setattr(pull_request, "api", made)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/wine-model")
    return made


def commit(text: str) -> str:
    Path("file").write_text(text)
    git("add", "file")
    git("commit", "--quiet", "-m", text)
    return git("rev-parse", "HEAD")


def remote(branch: str) -> str:
    return git("ls-remote", "origin", f"refs/heads/{branch}").split("\t")[0]


def test_nothing_new_is_no_proposal(requests: Requests) -> None:
    assert propose("update", "Update", "") is None
    assert (requests.made, remote("update")) == ([], "")


def test_one_request_is_opened_and_what_comes_later_joins_it(requests: Requests) -> None:
    main = remote("main")
    commit("First")
    first = propose("update", "Update", "what it does")
    git("reset", "--quiet", "--hard", main)
    again = commit("Another first")

    assert propose("update", "Update", "") == first
    (made,) = requests.made
    assert (made["title"], made["base"], made["body"]) == ("Update", "main", "what it does")
    assert (remote("update"), remote("main")) == (again, main)


def test_what_is_not_committed_is_refused(requests: Requests) -> None:
    commit("First")
    Path("file").write_text("an edit")

    with pytest.raises(UserError, match="file: not committed"):
        propose("update", "Update", "")
    assert remote("update") == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/wine-model.git",
        "git@github.com:team/wine-model.git",
        "ssh://git@github.com/team/wine-model",
    ],
)
def test_the_repository_is_named_by_the_remote(
    url: str, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY")
    git("remote", "set-url", "origin", url)

    assert repository() == "team/wine-model"


def test_without_gh_it_is_one_line(
    requests: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automation.gh import api

    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UserError, match="gh: not installed"):
        api("pulls")
