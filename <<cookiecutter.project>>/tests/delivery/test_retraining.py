"""When a new model is better, how the comparison reads, and branches with their cooldown."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery.environments import Champion
from delivery.retrain import OUTCOME, main, old_split, retrain, starting_commit
from delivery.retraining.branch import branch_name, last, publish
from delivery.retraining.judgement import Comparison, markdown, reasons
from project.artefacts import MONITORING
from project.errors import UserError
from project.settings.monitoring import Retrain

from .state.conftest import git, own_settings, remote, repo  # noqa: F401

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 13, tzinfo=UTC)
MODEL = "0123456789ab" * 5
TERMS = Champion(margins={"rmse": 0.1}, slices={})
SETTINGS = Retrain(environment="prod", labelled=False, gain=0.0, cooldown_hours=24)


def figures(champion: float, candidate: float | None) -> dict[str, Any]:
    def scored(rmse: float | None) -> dict[str, Any]:
        metrics = {"rmse": rmse, "mae": 1.0, "r2": 0.5}
        groups = {"a|b": {"rows": 7, "metrics": metrics}}
        return {"metrics": metrics, "slices": {"kind": groups}}

    who = {"champion": scored(champion), "candidate": scored(candidate)}
    return {"task": "regression", "rows": 40, **who}


def comparison(old: tuple[float, float], new: tuple[float, float | None]) -> Comparison:
    return Comparison("old", "new", "x", ["Data"], "rmse", figures(*old), figures(*new))


JUDGED = [
    ((1.0, 0.9), (1.0, 0.8), 0.0, []),
    ((1.0, 1.05), (1.0, 0.8), 0.0, []),  # within the margin
    ((1.0, 1.2), (1.0, 0.8), 0.0, ["on the old test rows rmse is 1.2, the champion's 1"]),
    ((1.0, 0.9), (1.0, 1.0), 0.0, ["rmse is 1 on the new test rows, the champion's is 1"]),
    ((1.0, 0.9), (1.0, 0.95), 0.1, ["it must be better by more than 0.1"]),
    ((1.0, 0.9), (1.0, 1.3), 0.0, ["on the new test rows rmse is 1.3", "rmse is 1.3 on the new"]),
    ((1.0, 0.9), (1.0, None), 0.0, ["on the new test rows rmse is not", "rmse is not defined"]),
]


@pytest.mark.parametrize(("old", "new", "gain", "said"), JUDGED)
def test_a_model_is_better_on_new_rows_and_no_worse_on_old_ones(
    old: tuple[float, float], new: tuple[float, float | None], gain: float, said: list[str]
) -> None:
    found = [*reasons(comparison(old, new), TERMS, gain, "prod.yaml")]
    assert len(found) == len(said)
    assert [part for part, line in zip(said, found, strict=True) if part not in line] == []


def test_the_comparison_shows_each_metric_on_both_splits_and_slices() -> None:
    text = markdown(comparison((1.0, 0.9), (2.0, 2.5)), "retrain/x")
    assert "| rmse (primary) | 1 | 0.9 | better | 2 | 2.5 | worse |" in text
    assert "| mae | 1 | 1 | same | 1 | 1 | same |" in text
    assert "| a\\|b | 7 | 2 | 2.5 | worse |" in text
    assert "The champion is x; the candidate is better.\n\n- Branch: retrain/x\n- Data\n" in text


def cloned(repo: Path, folder: Path, branch: str) -> str:  # noqa: F811
    """Commit on a branch of a clone, as a retraining does."""
    git(repo.parent, "clone", "--quiet", "--shared", str(repo), str(folder))
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    git(folder, "checkout", "--quiet", "-b", branch)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "Retrain\n\n## Metrics")
    return git(folder, "rev-parse", "HEAD")


def test_a_branch_comes_here_and_to_the_remote(
    repo: Path,  # noqa: F811
    remote: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    branch = branch_name(NOW, MODEL)
    assert branch == "retrain/20261121T130000Z-0123456789ab"
    folder = tmp_path_factory.mktemp("work") / "clone"
    commit = cloned(repo, folder, branch)

    proposal = publish(folder, commit, branch, "origin")

    assert str(proposal) == f"pushed {branch}; it is for whoever may merge it into main"
    for where in (repo, remote):
        assert git(where, "rev-parse", f"refs/heads/{branch}") == commit
    assert git(repo, "symbolic-ref", "--short", "HEAD") == "main"
    git(repo, "update-ref", "-d", f"refs/heads/{branch}")
    assert last("origin") == (NOW, branch)  # the remote's counts
    assert last(None) is None


def test_a_remote_that_refuses_leaves_no_branch_here(
    repo: Path,  # noqa: F811
    remote: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no robots >&2\nexit 1\n")
    hook.chmod(0o755)
    branch = branch_name(NOW, MODEL)
    folder = tmp_path_factory.mktemp("work") / "clone"
    commit = cloned(repo, folder, branch)
    with pytest.raises(UserError, match=f"origin refuses {branch}: .*no robots"):
        publish(folder, commit, branch, "origin")
    assert git(repo, "branch", "--list", "retrain/*") == ""


def test_the_newest_branch_counts_and_a_merged_one_by_its_comparison(repo: Path) -> None:  # noqa: F811
    for days in (3, 1, 2):
        git(repo, "branch", branch_name(NOW - timedelta(days=days), MODEL))
    git(repo, "branch", "retrain/by-hand")
    found = last(None)
    assert found
    assert found[0] == NOW - timedelta(days=1)
    (repo / "reports").mkdir()
    text = markdown(comparison((1.0, 0.9), (2.0, 1.5)), branch_name(NOW, MODEL))
    (repo / "reports/retrain.md").write_text(text)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "-m", "Merge")
    assert last(None) == (NOW, branch_name(NOW, MODEL))


def test_it_waits_out_the_cooldown(repo: Path) -> None:  # noqa: F811
    (repo / "dvc.lock").write_text("")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "-m", "Train")
    git(repo, "branch", branch_name(NOW, MODEL))
    outcome = retrain(starting_commit(), SETTINGS, NOW + timedelta(hours=23), force=False)
    assert outcome.outcome == "cooldown"
    assert "wait until 2026-11-22 13:00 UTC (retrain.cooldown_hours)" in outcome.why
    for later, force in ((23, True), (25, False)):
        # It goes on to the pipeline, which this repository has not.
        with pytest.raises(FileNotFoundError, match="bin/python"):
            retrain(starting_commit(), SETTINGS, NOW + timedelta(hours=later), force)


def test_without_a_finished_run_there_is_nothing_to_begin_from(repo: Path) -> None:  # noqa: F811
    with pytest.raises(UserError, match=r"dvc.lock is not committed; type: make repro"):
        starting_commit()


def test_settings_are_those_of_the_commit_that_it_begins_from(
    repo: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (repo / "dvc.lock").write_text("")
    (repo / "conf").mkdir()
    (repo / MONITORING).write_text((ROOT / "tests" / MONITORING).read_text())
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "-m", "Train")
    branch = branch_name(datetime.now(UTC) - timedelta(hours=1), MODEL)
    git(repo, "branch", branch)
    (repo / MONITORING).write_text("an edit: [")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    main()

    assert json.loads(OUTCOME.read_text())["outcome"] == "cooldown"


def test_the_comparison_says_where_the_old_split_is_not_the_champions() -> None:
    assert old_split("a" * 40, "a" * 40) == "The old split is that of the champion's commit, " + (
        "a" * 10
    )
    said = old_split("b" * 40, "a" * 40)
    assert said.startswith(f"The old split is that of {'b' * 10}, as the one of the champion's")
    assert "the champion may have learned from rows on which it is asked" in said
