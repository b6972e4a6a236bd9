"""A rollback is what was there before, as a new commit."""

import shutil
from pathlib import Path

import pytest

from delivery.rollback import main
from delivery.state.store import StateStore
from project.errors import UserError

from .state.conftest import deploy, digest, git, own_settings, repo, roll_back

__all__ = ["own_settings", "repo"]
ROOT = Path(__file__).parents[2]


def test_the_previous_state_comes_back_byte_for_byte_as_a_new_commit(repo: Path) -> None:
    first = deploy(1)
    before = git(repo, "ls-tree", "gitops", "dev/toy/")
    second = deploy(2)

    made = roll_back(change="CHG-2", reason="slow")

    after = git(repo, "ls-tree", "gitops", "dev/toy/").splitlines()
    assert [line for line in after if "history" not in line] == [
        line for line in before.splitlines() if "history" not in line
    ]
    assert (made.action, made.digest, made.replaced) == ("rollback", digest(1), second.id)
    assert made.state == first.state
    assert git(repo, "rev-list", "--count", "gitops") == "3"
    assert git(repo, "log", "-1", "--format=%s", "gitops") == "Roll dev back to toy 000000000000"
    assert StateStore.open().rolled_back("dev", "toy") == {digest(2): made}


def test_to_roll_back_twice_is_to_go_back_by_two(repo: Path) -> None:
    for number in (1, 2, 3):
        deploy(number)

    assert roll_back().digest == digest(2)
    assert roll_back().digest == digest(1)
    with pytest.raises(UserError, match="dev/toy: nothing ran there before"):
        roll_back()
    deploy(4)
    assert roll_back().digest == digest(1)


def test_a_record_can_be_named(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = deploy(1)
    deploy(2)
    deploy(3)
    shutil.copytree(ROOT / "conf/environment", "conf/environment")
    monkeypatch.setenv("ENV", "dev")
    monkeypatch.setenv("TO", first.id)
    main()

    said = capsys.readouterr()
    assert said.out.startswith("dev is back at toy 000000000000 (")
    assert said.err == "warning: config.yaml of dev names no model\n"
    found = StateStore.open().current("dev", "toy")
    assert found is not None
    assert found.digest == digest(1)


@pytest.mark.parametrize("named", ["DRY_RUN", "TO"])
def test_a_dry_run_of_a_rollback_leaves_all_as_it_is(
    repo: Path,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = deploy(1)
    deploy(2)
    before = git(repo, "for-each-ref")
    shutil.copytree(ROOT / "conf/environment", "conf/environment")
    for name, value in {"ENV": "dev", "TO": first.id, "DRY_RUN": "1"}.items():
        monkeypatch.setenv(name, value if name in ("ENV", "DRY_RUN", named) else "")

    main()

    said = "would go back: dev to toy 000000000000; nothing was done\n"
    assert capsys.readouterr() == (said, "")
    assert git(repo, "for-each-ref") == before


def test_an_edit_by_hand_is_undone_by_naming_the_last_record(repo: Path) -> None:
    last = deploy(1)
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    (repo / "build/tree/dev/toy/values.yaml").write_text("replicas: [99\n")
    git(repo / "build/tree", "commit", "--quiet", "-a", "-m", "Quick fix")
    git(repo, "worktree", "remove", "build/tree")
    store = StateStore.open()
    edited = store.current("dev", "toy")
    assert edited is not None
    assert edited.edited
    with pytest.raises(UserError, match=r"^dev/toy/values\.yaml: not YAML: "):
        _ = edited.state.chart_values

    roll_back(to=last.id)

    found = store.current("dev", "toy")
    assert found is not None
    assert not found.edited


def test_what_cannot_be_rolled_back_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="dev/toy: nothing runs there, so nothing can be rolled"):
        roll_back()
    last = deploy(1)
    with pytest.raises(UserError, match="TO: dev/toy has no record 'x'; make history lists them"):
        roll_back(to="x")
    with pytest.raises(UserError, match="is what runs; choose another"):
        roll_back(to=last.id)
    monkeypatch.setenv("ENV", "production")
    with pytest.raises(UserError, match="ENV=production: no such environment; expected ENV=dev"):
        main()
