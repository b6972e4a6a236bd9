"""After records and history disagree there is a way on, and it is written down who took it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.acknowledge import main
from delivery.audit import audit
from delivery.audit import main as audit_main
from delivery.history import spans
from delivery.state.record import Record
from delivery.state.store import StateStore
from project.errors import UserError

from .deployable import ROOT
from .state.conftest import deploy, git, own_settings, record, remote, repo, roll_back, state
from .test_audit import change_state, commit, edit, remove, three

__all__ = ["own_settings", "remote", "repo", "three"]

DAMAGES: dict[str, Callable[[Path, list[Record]], None]] = {
    "edited": edit,
    "state by hand": change_state,
}


@pytest.fixture
def acknowledge(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that acknowledges what was found in DEV."""
    (repo / "conf").symlink_to(ROOT / "conf")

    def run(**given: str) -> None:
        for name in ("REASON", "CHANGE", "DIRECT", "DRY_RUN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"ENV": "dev", "REASON": "It was me"} | given).items():
            monkeypatch.setenv(name, value)
        main()

    return run


def found() -> list[str]:
    return [str(finding) for finding in audit(StateStore.open(), "toy").found]


def by_hand(repo: Path, done: Callable[[], None]) -> None:
    """Do something on the branch and commit it, and leave the branch."""
    done()
    commit(repo / "build/tree")
    git(repo, "worktree", "remove", "build/tree")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_was_found_is_named_still_and_stands_in_the_way_no_longer(
    repo: Path,
    three: list[Record],
    acknowledge: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path, list[Record]], None],
) -> None:
    by_hand(repo, lambda: damage(repo / "build/tree", three))
    if damage is change_state:
        with pytest.raises(UserError, match=f"first: make rollback ENV=dev TO={three[-1].id}"):
            acknowledge()
        roll_back("dev", to=three[-1].id)
    (line,) = found()
    capsys.readouterr()
    acknowledge(DRY_RUN="1")
    would = "would acknowledge: 1 found in dev/toy; nothing was done"
    assert capsys.readouterr().out.splitlines() == [line, would]
    assert found() == [line]

    acknowledge(REASON="Looked into it", CHANGE="OPS-1")

    assert found() == []
    capsys.readouterr()
    audit_main()
    shown, summary = capsys.readouterr().out.splitlines()
    assert shown.startswith(f"{line}; acknowledged by Ada <ada@example.org>: Looked into it (")
    assert summary.endswith("and the state agree, but for 1 acknowledged")
    noted = StateStore.open().records("dev", "toy")[-1]
    assert (noted.action, noted.change, noted.by) == ("acknowledge", "OPS-1", three[0].by)
    assert [str(each) for each in noted.findings] == [line]
    deploy(3)
    assert found() == []


def test_an_edit_that_was_undone_by_hand_can_be_acknowledged(
    repo: Path, three: list[Record], acknowledge: Callable[..., None]
) -> None:
    def twice() -> None:
        change_state(repo / "build/tree", three)
        commit(repo / "build/tree")
        git(repo / "build/tree", "revert", "--no-edit", "--no-commit", "HEAD")

    by_hand(repo, twice)
    assert len(found()) == 2

    acknowledge()

    assert found() == []


def test_what_comes_after_an_acknowledgement_is_found_anew(
    repo: Path, three: list[Record], acknowledge: Callable[..., None]
) -> None:
    by_hand(repo, lambda: edit(repo / "build/tree", three))
    acknowledge()
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    by_hand(repo, lambda: remove(repo / "build/tree", three))

    assert [line.partition(" by ")[0] for line in found()] == [f"{three[1].file}: removed"]


def test_an_acknowledgement_in_which_something_is_wrong_counts_for_nothing(
    repo: Path, three: list[Record], acknowledge: Callable[..., None]
) -> None:
    by_hand(repo, lambda: edit(repo / "build/tree", three))
    acknowledge()
    noted = StateStore.open().records("dev", "toy")[-1]
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    by_hand(repo, lambda: edit(repo / "build/tree", [noted]))

    assert sorted(line.partition(" by ")[0] for line in found()) == sorted(
        f"{path}: edited" for path in (three[0].file, noted.file)
    )


def test_a_verification_is_not_hidden_by_an_acknowledgement(
    repo: Path, acknowledge: Callable[..., None]
) -> None:
    landed, store = deploy(1), StateStore.open()
    store.note(record(1, store.current("dev", "toy"), action="verify", verification={"passed": 1}))
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    by_hand(repo, lambda: edit(repo / "build/tree", [landed]))

    acknowledge()

    seen = store.current("dev", "toy")
    assert seen
    assert (seen.record.id, seen.verified) == (landed.id, True)
    assert [span.verified for span in spans(store, "dev", "toy")] == [True]


def test_nothing_is_acknowledged_without_a_reason_or_a_finding(
    repo: Path, three: list[Record], acknowledge: Callable[..., None]
) -> None:
    with pytest.raises(UserError, match=r"^REASON: nobody says why; add REASON="):
        acknowledge(REASON="")
    with pytest.raises(UserError, match=r"^dev/toy: nothing was found, so there is nothing to"):
        acknowledge()
    assert len(StateStore.open().records("dev", "toy")) == 4


def test_production_asks_for_it_by_a_pull_request(
    repo: Path, remote: Path, acknowledge: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    landed = deploy(1, environment="prod")
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    by_hand(repo, lambda: edit(repo / "build/tree", [landed]))
    git(repo, "push", "--quiet", "origin", "gitops")

    acknowledge(ENV="prod")

    assert "asked to acknowledge: 1 found in prod/toy: pushed deploy/prod/toy/" in (
        capsys.readouterr().out
    )
    assert len(found()) == 1
    (branch,) = StateStore.open().proposals("prod", "toy")
    squash(remote, branch, "Merged (#13)")
    assert found() == []


def squash(remote: Path, branch: str, message: str, who: str = "Ada") -> None:
    """Merge a request as one commit under another message, as its host does."""
    who_made = ("-c", f"user.name={who}", "-c", f"user.email={who.lower()}@example.org")
    tree = f"{branch}^{{tree}}"
    made = git(remote, *who_made, "commit-tree", tree, "-p", "gitops", "-m", message)
    git(remote, "update-ref", "refs/heads/gitops", made)


def test_a_request_that_was_squashed_under_another_message_agrees(repo: Path, remote: Path) -> None:
    deploy(1)
    store = StateStore.open()
    made = store.propose("dev", "toy", state(2), record(2, store.current("dev", "toy")))
    squash(remote, f"deploy/dev/toy/{made.record.id}", "Merge (#12)\n\nReviewed-by: Bob")

    assert found() == []
    seen = store.current("dev", "toy")
    assert seen
    assert seen.record == made.record
    assert store.proposals("dev", "toy") == []


def test_a_request_that_somebody_else_has_squashed_by_hand_is_named_and_can_be_answered_for(
    repo: Path, remote: Path, acknowledge: Callable[..., None]
) -> None:
    deploy(1)
    store = StateStore.open()
    made = store.propose("dev", "toy", state(2), record(2, store.current("dev", "toy")))
    squash(remote, f"deploy/dev/toy/{made.record.id}", "Merge (#12)", who="Bob")
    (line,) = found()
    assert line.startswith(f"{made.record.file}: forged: it is by Ada <ada@example.org>, in")
    assert "of Bob <bob@example.org>" in line

    acknowledge(REASON="Bob has merged it by hand")

    assert found() == []
    seen = store.current("dev", "toy")
    assert seen
    assert seen.record == made.record


def test_a_squashed_request_whose_bytes_were_changed_is_named(repo: Path, remote: Path) -> None:
    deploy(1)
    store = StateStore.open()
    made = store.propose("dev", "toy", state(2), record(2, store.current("dev", "toy")))
    branch = f"deploy/dev/toy/{made.record.id}"
    git(repo, "worktree", "add", "--quiet", "build/tree", f"origin/{branch}")
    change_state(repo / "build/tree", [])
    commit(repo / "build/tree")
    git(repo / "build/tree", "push", "--quiet", "origin", f"HEAD:{branch}")
    squash(remote, branch, "Merged (#12)")

    assert [line.partition(", in ")[0] for line in found()] == [
        "dev/toy: is not what its record says"
    ]


def test_a_verification_never_comes_without_its_words(repo: Path) -> None:
    deploy(1)
    store = StateStore.open()
    seen = store.current("dev", "toy")
    store.note(record(1, seen, action="verify", verification={"passed": True}))
    tree = git(repo, "rev-parse", "gitops^{tree}")
    made = git(repo, "commit-tree", tree, "-p", "gitops~1", "-m", "By hand")
    git(repo, "update-ref", "refs/heads/gitops", made)

    (line,) = found()
    assert "forged: its Environment is 'dev'" in line
