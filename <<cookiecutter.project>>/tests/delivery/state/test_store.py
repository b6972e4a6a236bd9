"""The store changes the branch by whole commits, and nothing else."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from delivery.state.races import LostRaceError
from delivery.state.repository import Repository
from delivery.state.store import StateStore
from project.errors import UserError

from .conftest import deploy, digest, git, record, state


def test_the_first_deploy_makes_a_branch_without_code_and_leaves_the_work_tree(repo: Path) -> None:
    landed = deploy(1)

    assert git(repo, "status", "--porcelain") == ""
    assert git(repo, "branch", "--show-current") == "main"
    assert git(repo, "rev-list", "--count", "gitops") == "1"
    assert git(repo, "ls-tree", "-r", "--name-only", "gitops").splitlines() == [
        "dev/toy/config.yaml",
        f"dev/toy/history/{landed.id}.json",
        "dev/toy/values.yaml",
    ]
    assert git(repo, "show", "gitops:dev/toy/values.yaml") == "replicas: 1"


def test_a_commit_says_what_and_by_whom(repo: Path) -> None:
    landed = deploy(1, change="CHG-1\nBy: Eve", reason="why\n\nModel: other")

    trailers = git(repo, "log", "-1", "--format=%(trailers:only,unfold)", "gitops").splitlines()
    assert [line for line in trailers if line] == [
        "Environment: dev",
        "Model: toy",
        f"Digest: {digest(1)}",
        f"Record: {landed.id}",
        "Change: CHG-1 By: Eve",
        "By: Ada <ada@example.org>",
    ]
    assert git(repo, "log", "-1", "--format=%s|%an|%ae", "gitops") == (
        "Deploy toy 000000000000 to dev|Ada|ada@example.org"
    )


def test_current_is_what_was_deployed_last(repo: Path) -> None:
    assert StateStore.open().current("dev", "toy") is None
    first = deploy(1)
    second = deploy(2)
    deploy(3, model="other")
    deploy(4, environment="prod")

    found = StateStore.open().current("dev", "toy")
    assert found is not None
    assert (found.record, found.state, found.digest) == (second, state(2), digest(2))
    assert found.record.replaced == first.id
    assert found.state.chart_values == {"replicas": 2}
    assert not found.edited
    assert found.verified is None


def test_records_are_in_order_though_a_clock_is_behind(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    import delivery.state.record

    first = deploy(2)

    class Behind(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2020, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(delivery.state.record, "datetime", Behind)
    monkeypatch.setattr(delivery.state.record, "parse_time", datetime.fromisoformat)
    second = deploy(1)

    assert second.time > first.time
    assert StateStore.open().records("dev", "toy") == [first, second]


def test_a_verification_is_a_record_of_its_own(repo: Path) -> None:
    store = StateStore.open()
    landed = deploy(1)
    seen = store.current("dev", "toy")

    store.note(record(1, seen, action="verify", verification={"passed": False, "p99": 9.5}))

    found = store.current("dev", "toy")
    assert found is not None
    assert found.record == landed
    assert found.verified is False
    deploy(2)
    again = store.current("dev", "toy")
    assert again is not None
    assert again.verified is None


def test_of_two_that_saw_the_same_one_lands(repo: Path) -> None:
    store = StateStore.open()
    deploy(1)
    seen = store.current("dev", "toy")
    store.change("dev", "toy", state(2), record(2, seen))
    before = git(repo, "rev-parse", "gitops")

    with pytest.raises(UserError, match=r"^dev/toy: changed meanwhile by Ada <ada@example.org> \("):
        store.change("dev", "toy", state(3), record(3, seen))
    assert git(repo, "rev-parse", "gitops") == before


def test_with_a_remote_the_state_is_pushed_and_its_main_left(repo: Path, remote: Path) -> None:
    main = git(remote, "rev-parse", "main")
    deploy(1)

    assert git(remote, "rev-parse", "gitops") == git(repo, "rev-parse", "gitops")
    assert git(remote, "rev-parse", "main") == main


def test_what_others_have_pushed_is_seen_and_built_upon(
    repo: Path, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(1)
    git(repo, "clone", "--quiet", "--no-local", str(remote), "build/theirs")
    git(repo / "build/theirs", "config", "user.name", "Bob")
    git(repo / "build/theirs", "config", "user.email", "bob@example.org")
    monkeypatch.chdir(repo / "build/theirs")
    deploy(2)
    deploy(3, model="other")
    monkeypatch.chdir(repo)

    found = StateStore.open().current("dev", "toy")
    assert found is not None
    assert (found.digest, found.record.by) == (digest(2), "Bob <bob@example.org>")
    deploy(4)
    assert git(remote, "rev-list", "--count", "gitops") == "4"


def test_what_was_deployed_before_there_was_a_remote_is_pushed_too(repo: Path) -> None:
    deploy(1)
    git(repo, "init", "--quiet", "--bare", "build/late.git")
    git(repo, "remote", "add", "origin", str(repo / "build/late.git"))
    deploy(2)

    assert git(repo / "build/late.git", "rev-list", "--count", "gitops") == "2"


def test_a_branch_that_has_parted_from_its_remote_is_refused(repo: Path, remote: Path) -> None:
    deploy(1)
    git(repo, "remote", "remove", "origin")
    deploy(2)
    alone = git(repo, "rev-parse", "gitops")
    git(repo, "update-ref", "refs/heads/gitops", "gitops~1")
    git(repo, "remote", "add", "origin", str(remote))
    deploy(3)
    git(repo, "update-ref", "refs/heads/gitops", alone)

    with pytest.raises(UserError, match="have parted; where nothing here is to be kept, type: git"):
        deploy(4)


CUT_SHORT = {
    "cut short": (
        ("update-ref", "refs/heads/gitops", "gitops~1"),
        "there lacks 1 of the commits that are known here, up to {last:.10}: it was cut short or",
        "; to do without them: git update-ref refs/heads/gitops ",
    ),
    "gone": (
        ("update-ref", "-d", "refs/heads/gitops"),
        ": has no branch gitops any more; to put it back as it was seen last, type: ",
        "git push origin {last}:refs/heads/gitops; to begin anew: ",
    ),
}


@pytest.mark.parametrize(("done", "what", "then"), CUT_SHORT.values(), ids=CUT_SHORT)
def test_a_remote_branch_that_was_cut_short_is_not_gone_past(
    repo: Path, remote: Path, done: tuple[str, ...], what: str, then: str
) -> None:
    deploy(1)
    deploy(2)
    last = git(repo, "rev-parse", "gitops")
    git(remote, *done)

    with pytest.raises(UserError) as refused:
        StateStore.open().current("dev", "toy")

    assert what.format(last=last) in str(refused.value)
    assert then.format(last=last) in str(refused.value)
    git(repo, "push", "--quiet", "origin", f"{last}:refs/heads/gitops")
    assert len(StateStore.open().records("dev", "toy")) == 2


def test_whoever_has_only_looked_is_told_once_that_commits_are_gone(
    repo: Path, remote: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    deploy(2)
    git(repo, "update-ref", "-d", "refs/heads/gitops")
    git(remote, "update-ref", "refs/heads/gitops", "gitops~1")

    for lines in (1, 0):
        assert len(StateStore.open().records("dev", "toy")) == 1
        said = capsys.readouterr().err.splitlines()
        assert len(said) == lines
        assert all(
            "branch gitops there lacks 1 of the commits that are known" in each for each in said
        )


def test_a_race_that_is_lost_is_run_again(
    repo: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(1)
    real, left = Repository.push, [2]

    def beaten(self: Repository, commit: str, branch: str) -> None:
        if left[0]:
            left[0] -= 1
            tip = git(remote, "rev-parse", "gitops")
            tree = git(remote, "rev-parse", "gitops^{tree}")
            who = ("-c", "user.name=B", "-c", "user.email=b@example.org")
            other = git(remote, *who, "commit-tree", tree, "-p", tip, "-m", "faster")
            git(remote, "update-ref", "refs/heads/gitops", other)
        real(self, commit, branch)

    monkeypatch.setattr(Repository, "push", beaten)
    deploy(2)

    log = git(remote, "log", "--format=%s", "gitops").splitlines()
    assert log == ["Deploy toy 000000000000 to dev", "faster", "faster", log[-1]]


def test_races_that_are_always_lost_end(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(*_: object) -> None:
        raise LostRaceError

    monkeypatch.setattr(Repository, "publish", beaten)
    monkeypatch.setattr("delivery.state.store.TRIES", 3)

    with pytest.raises(UserError, match="others were faster 3 times; nothing was changed"):
        deploy(1)


def test_a_remote_that_rejects_is_refused_in_its_words_and_nothing_changes(
    repo: Path, remote: Path
) -> None:
    deploy(1)
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'no deploys on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = git(repo, "for-each-ref"), git(remote, "for-each-ref")

    with pytest.raises(UserError) as refused:
        deploy(2)
    assert str(refused.value) == f"{remote}: refused the push: no deploys on Fridays"
    assert (git(repo, "for-each-ref"), git(remote, "for-each-ref")) == before


def test_a_remote_that_is_away_is_one_line(repo: Path, remote: Path) -> None:
    deploy(1)
    remote.rename(remote.with_name("away"))

    with pytest.raises(UserError, match=rf"^{remote}: cannot be read: '.*' does not appear to be"):
        deploy(2)


def test_a_branch_that_is_checked_out_is_left(repo: Path) -> None:
    deploy(1)
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")

    with pytest.raises(UserError, match=r"build/tree: has gitops checked out; switch"):
        deploy(2)


@pytest.mark.parametrize("which", ["here", "there"])
def test_a_lock_that_a_kill_has_left_is_no_hindrance(repo: Path, remote: Path, which: str) -> None:
    deploy(1)
    folder = repo / ".git" if which == "here" else remote
    lock = folder / "refs/heads/gitops.lock"
    lock.touch()
    os.utime(lock, (time.time() - 60, time.time() - 60))

    deploy(2)
    deploy(3)

    assert git(remote, "rev-list", "--count", "gitops") == "3"
    assert git(repo, "rev-parse", "gitops") == git(remote, "rev-parse", "gitops")


def test_without_a_name_nothing_is_deployed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repo, "config", "--unset", "user.name")

    with pytest.raises(UserError, match="git does not know who you are; type: git config"):
        deploy(1)


def test_without_a_repository_it_says_what_to_type(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no git repository here .*; type: git init"):
        StateStore.open()


def test_gitops_repo_names_another_repository_by_path_or_url(
    repo: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = tmp_path_factory.mktemp("fleet") / "fleet.git"
    git(repo, "init", "--quiet", "--bare", str(fleet))
    monkeypatch.setenv("GITOPS_REPO", str(fleet))
    deploy(1)
    monkeypatch.setenv("GITOPS_REPO", f"file://{fleet}")
    deploy(2)

    assert git(fleet, "rev-list", "--count", "gitops") == "2"
    assert git(fleet, "log", "-1", "--format=%an", "gitops") == "Ada"
    assert git(repo, "branch", "--list", "gitops") == ""
    assert git(repo, "status", "--porcelain") == ""


def test_our_copy_of_a_fleet_knows_which_commit_touched_which_folder(
    repo: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = tmp_path_factory.mktemp("fleet") / "fleet.git"
    git(repo, "init", "--quiet", "--bare", str(fleet))
    monkeypatch.setenv("GITOPS_REPO", str(fleet))
    deploy(1)
    shutil.rmtree("build/gitops")

    assert StateStore.open().current("dev", "toy")

    (graph,) = Path("build/gitops").glob("*.git/objects/info/commit-graphs/*.graph")
    assert b"BDAT" in graph.read_bytes()  # the chunk of changed paths, gitformat-commit-graph(5)


def test_a_gitops_repo_that_was_rewritten_is_followed(
    repo: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fleet = tmp_path_factory.mktemp("fleet") / "fleet.git"
    git(repo, "init", "--quiet", "--bare", str(fleet))
    monkeypatch.setenv("GITOPS_REPO", str(fleet))
    first = deploy(1)
    deploy(2)
    git(fleet, "update-ref", "refs/heads/gitops", "gitops~1")

    found = StateStore.open().current("dev", "toy")
    assert found is not None
    assert found.record == first
    assert f"warning: {fleet}: branch gitops there lacks 1 of" in capsys.readouterr().err


def test_a_gitops_repo_that_is_not_there_is_one_line_without_its_password(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPS_REPO", "http://ada:secret@127.0.0.1:9/fleet.git")

    with pytest.raises(UserError) as refused:
        deploy(1)
    assert re.match(
        r"http://127.0.0.1:9/fleet.git: cannot be read: .*Failed to", str(refused.value)
    )
    assert "secret" not in str(refused.value)


def test_a_proposal_is_a_branch_and_changes_nothing(repo: Path, remote: Path) -> None:
    deploy(1)
    store = StateStore.open()
    before = git(remote, "rev-parse", "gitops")

    made = store.propose("dev", "toy", state(2), record(2, store.current("dev", "toy")))

    assert git(remote, "rev-parse", "gitops") == before
    branch = f"deploy/dev/toy/{made.record.id}"
    assert git(remote, "rev-parse", f"{branch}~1") == before
    found = store.current("dev", "toy")
    assert found is not None
    assert found.digest == digest(1)
    git(remote, "update-ref", "refs/heads/gitops", branch)  # as a merge does
    merged = store.current("dev", "toy")
    assert merged is not None
    assert merged.record == made.record


def test_a_proposal_brings_the_branch_that_it_is_to_be_merged_into(
    repo: Path, request: pytest.FixtureRequest
) -> None:
    deploy(1)
    here = git(repo, "rev-parse", "gitops")
    remote = request.getfixturevalue("remote")  # which is added only now
    store = StateStore.open()
    seen = store.current("prod", "toy")
    assert store.repository.holder == f"branch gitops here, and not yet {remote},"

    made = store.propose("prod", "toy", state(2, "prod"), record(2, seen, "prod"))

    assert git(remote, "rev-parse", "gitops") == here
    assert git(remote, "rev-parse", f"{made.commit}~1") == here
    assert store.current("dev", "toy")
    assert store.repository.holder == str(remote)


def test_the_first_proposal_of_all_begins_that_branch(repo: Path, remote: Path) -> None:
    made = StateStore.open().propose("dev", "toy", state(1), record(1, None))

    assert git(remote, "rev-parse", f"{made.commit}~1") == git(remote, "rev-parse", "gitops")
    assert git(remote, "ls-tree", "gitops") == ""
    git(remote, "update-ref", "refs/heads/gitops", made.commit)  # as a merge does
    found = StateStore.open().current("dev", "toy")
    assert found is not None
    assert found.record == made.record


def test_a_proposal_needs_a_remote(repo: Path) -> None:
    with pytest.raises(UserError, match="no git remote to open a pull request at"):
        StateStore.open().propose("dev", "toy", state(1), record(1, None))


def test_a_state_is_given_back_byte_for_byte(repo: Path) -> None:
    odd = type(state(1))(state(1).config + b"# by hand\r\n", b"")
    store = StateStore.open()
    landed = store.change("dev", "toy", odd, record(1, None))
    deploy(2)

    assert store.state_of(landed) == odd


def test_a_digest_that_was_rolled_back_is_known_until_it_is_deployed_again(repo: Path) -> None:
    deploy(1)
    deploy(2)
    back = deploy(1, action="rollback")
    store = StateStore.open()
    assert store.rolled_back("dev", "toy") == {digest(2): back}

    deploy(2, override="champion", reason="looked into it")
    assert store.rolled_back("dev", "toy") == {}


@pytest.mark.parametrize("name", ["../x", "", "Prod", "a/b"])
def test_names_that_are_no_folders_of_the_layout_are_refused(repo: Path, name: str) -> None:
    with pytest.raises(UserError, match="a name has small letters"):
        StateStore.open().current(name, "toy")
