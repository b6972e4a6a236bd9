"""Whatever was done past the records is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.audit import audit, main
from delivery.state.objects import Objects
from delivery.state.record import Record
from delivery.state.store import StateStore
from project.errors import one_line

from ..conftest import Once
from .state.conftest import deploy, digest, git, own_settings, record, remote, repo

__all__ = ["own_settings", "remote", "repo"]


@pytest.fixture
def three(repo: Path, once: Once) -> list[Record]:
    """Deploy three times, with a verification, and open a work tree to edit it in."""

    def make() -> None:
        deploy(1)
        deploy(2)
        seen = StateStore.open().current("dev", "toy")
        StateStore.open().note(record(2, seen, action="verify", verification={"passed": True}))
        deploy(1, action="rollback")

    once("three", make)
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    return [each for each in StateStore.open().records("dev", "toy") if each.changes]


def commit(tree: Path, message: str = "By hand") -> None:
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", message)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as stopped:
        one_line(main)
    lines = capsys.readouterr().out.splitlines()
    assert str(stopped.value.code).startswith(
        f"error: toy: {len(lines)} found in its history; see above; who answers for it types: make"
    )
    return lines


def edit(tree: Path, records: list[Record]) -> None:
    path = tree / records[0].file
    path.write_text(path.read_text().replace('"change": null', '"change": "CHG-1"'))


def remove(tree: Path, records: list[Record]) -> None:
    (tree / records[1].file).unlink()


def forge(tree: Path, records: list[Record]) -> None:
    made = json.loads((tree / records[2].file).read_text())
    made |= {"id": "20991231T235959000Z-000000000000", "replaced": records[2].id}
    (tree / "dev/toy/history" / f"{made['id']}.json").write_text(json.dumps(made))


def damage(tree: Path, records: list[Record]) -> None:
    (tree / "dev/toy/history/20991231T235959000Z-000000000000.json").write_text("{}")


def change_state(tree: Path, records: list[Record]) -> None:
    (tree / "dev/toy/values.yaml").write_text("replicas: 99\n")


def add_state(tree: Path, records: list[Record]) -> None:
    (tree / "prod/toy").mkdir(parents=True)
    (tree / "prod/toy/config.yaml").write_text("digest: x\n")


CASES: dict[str, tuple[Callable[[Path, list[Record]], None], str]] = {
    "edited": (edit, "{0}: edited by commit"),
    "missing": (remove, "{1}: removed by commit"),
    "forged": (forge, "dev/toy/history/20991231T235959000Z-000000000000.json: forged: one of its"),
    "damaged": (damage, "dev/toy/history/20991231T235959000Z-000000000000.json: no record: "),
    "state by hand": (change_state, "dev/toy/values.yaml: edited by hand, in commit"),
    "state from nowhere": (add_state, "prod/toy/config.yaml: edited by hand, in commit"),
}


def test_what_the_store_has_done_agrees(
    repo: Path, three: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    main()
    assert capsys.readouterr().out == (
        "4 records of toy: they, git's history and the state agree\n"
    )


@pytest.mark.parametrize(("done", "line"), CASES.values(), ids=CASES)
def test_what_was_done_by_hand_is_named(
    repo: Path,
    three: list[Record],
    capsys: pytest.CaptureFixture[str],
    done: Callable[[Path, list[Record]], None],
    line: str,
) -> None:
    done(repo / "build/tree", three)
    commit(repo / "build/tree")

    assert said(capsys)[0].startswith(line.format(*(each.file for each in three)))


def test_an_edit_that_was_undone_is_named_still(
    repo: Path, three: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    change_state(repo / "build/tree", three)
    commit(repo / "build/tree")
    git(repo / "build/tree", "revert", "--no-edit", "HEAD")

    lines = said(capsys)
    assert len(lines) == 2
    assert all("dev/toy/values.yaml: edited by hand" in line for line in lines)


def test_a_record_that_history_was_rewritten_without_is_named(
    repo: Path, three: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    tree = repo / "build/tree"
    git(tree, "checkout", "--quiet", "--orphan", "anew")
    git(tree, "rm", "--quiet", "--cached", three[1].file)
    (tree / three[1].file).unlink()
    message = git(tree, "log", "-1", "--format=%B", "gitops")
    commit(tree, message)
    git(repo, "update-ref", "refs/heads/gitops", "anew")

    assert f"{three[1].file}: is missing, {three[2].id} replaced it" in said(capsys)


def test_a_record_in_anothers_name_is_named(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = deploy(1)
    content = git(repo, "log", "-1", "--format=%B", "gitops")
    tree = git(repo, "rev-parse", "gitops^{tree}")
    eve = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    made = git(repo, *eve, "commit-tree", tree, "-m", content)
    git(repo, "update-ref", "refs/heads/gitops", made)

    assert said(capsys) == [
        f"{first.file}: forged: it is by Ada <ada@example.org>, in commit {made[:10]} of "
        f"Eve <eve@example.org>, {git(repo, 'log', '-1', '--format=%cs', made)}"
    ]


def test_more_records_take_no_more_processes(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, started = Objects.run, []

    def run(self: Objects, *arguments: str, given: bytes = b"") -> bytes:
        started.append(arguments)
        return real(self, *arguments, given=given)

    counts = []
    for number in (1, 2):
        deploy(number)
        with monkeypatch.context() as patched:
            patched.setattr(Objects, "run", run)
            assert len(audit(StateStore.open(), "toy").records) == number
        counts.append(len(started))
        started.clear()
    assert counts[0] == counts[1]


def test_a_pull_request_that_was_merged_agrees(
    repo: Path, remote: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(1)
    store = StateStore.open()
    seen = store.current("dev", "toy")
    from .state.conftest import state

    made = store.propose("dev", "toy", state(2), record(2, seen))
    deploy(1, environment="test")
    who = ("-c", "user.name=B", "-c", "user.email=b@example.org")
    git(repo, "clone", "--quiet", "--branch", "gitops", str(remote), "build/merge")
    git(repo / "build/merge", *who, "merge", "--quiet", f"origin/deploy/dev/toy/{made.record.id}")
    git(repo / "build/merge", "push", "--quiet", "origin", "gitops")

    main()
    assert capsys.readouterr().out.startswith("3 records of toy: they, git's")
    assert digest(2) == made.record.digest
