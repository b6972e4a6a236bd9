"""Where a pull request is opened, by remote."""

import os
from pathlib import Path

import pytest

from delivery.state.proposal import open_request, request_page
from delivery.state.store import StateStore

from .conftest import record, state

GITHUB = "https://github.com/team/fleet/compare/gitops...deploy/prod/toy/1?expand=1"
GITLAB = (
    "https://gitlab.acme.org/a/b/fleet/-/merge_requests/new?merge_request[source_branch]="
    "deploy%2Fprod%2Ftoy%2F1&merge_request[target_branch]=gitops"
)
PAGES = {
    "https://github.com/team/fleet.git": GITHUB,
    "https://github.com/team/fleet": GITHUB,
    "git@github.com:team/fleet.git": GITHUB,
    "ssh://git@github.com:22/team/fleet.git": GITHUB,
    "git@gitlab.acme.org:a/b/fleet.git": GITLAB,
    "https://gitlab.acme.org/a/b/fleet.git": GITLAB,
    "/srv/git/fleet.git": None,
    "file:///srv/git/fleet.git": None,
}


@pytest.mark.parametrize(("remote", "page"), PAGES.items(), ids=PAGES)
def test_the_page_is_that_of_the_remote(remote: str, page: str | None) -> None:
    assert request_page(remote, "deploy/prod/toy/1") == page


GH = """#!/bin/sh
[ "$FAILS" ] && exit 4
printf '%s\\n' "$@" > "$SAID"
echo https://github.com/team/fleet/pull/7
"""


@pytest.mark.parametrize("fails", ["", "yes"], ids=["gh opens it", "gh has no login"])
def test_gh_opens_the_request_where_it_can(
    repo: Path, remote: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    made = StateStore.open().propose("dev", "toy", state(1), record(1, None))
    gh = repo / "build/bin/gh"
    gh.parent.mkdir(parents=True)
    gh.write_text(GH)
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gh.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SAID", str(repo / "build/said"))
    monkeypatch.setenv("FAILS", fails)
    store = StateStore.open()
    object.__setattr__(store.repository, "where", "git@github.com:team/fleet.git")

    opened = open_request(store, made)

    branch = f"deploy/dev/toy/{made.record.id}"
    if fails:
        assert str(opened).startswith(f"pushed {branch}; open the pull request: https://github")
    else:
        assert str(opened) == "opened https://github.com/team/fleet/pull/7"
        said = (repo / "build/said").read_text()
        assert said.startswith(
            "pr\ncreate\n--repo\ngithub.com/team/fleet\n--base\ngitops\n--head\n"
        )
        assert f"Record: {made.record.id}" in said
