"""A pull request and the nightly look at drift, run by act."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.act import REPOSITORY, GitHub
from tests.conftest import commit_all, git
from tests.hub import clone, edit
from tests.osv import osv
from tests.projects import dvc, make
from tests.updating import move_on

pytestmark = pytest.mark.xdist_group("workflows")


def pull_request(hub: GitHub, head: str = REPOSITORY) -> dict[str, Any]:
    base = {"sha": git(hub.origin, "rev-parse", "main"), "ref": "main"}
    return {"pull_request": {"number": 7, "base": base, "head": {"repo": {"full_name": head}}}}


def propose(
    hub: GitHub, folder: Path, branch: str, file: str, old: str, new: str, *words: str
) -> Path:
    """Push a branch with one edit, and with what make's `words` make of it."""
    project = clone(hub, folder)
    git(project, "config", "user.name", "Ada")
    git(project, "config", "user.email", "ada@example.org")
    git(project, "checkout", "--quiet", "-b", branch)
    edit(project / file, old, new)
    for word in words:
        done = make(project, word)
        assert done.returncode == 0, done.stdout + done.stderr
    commit_all(project, "Change")
    git(project, "push", "--quiet", "origin", branch)
    return project


@pytest.fixture(scope="module")
def fewer(hub: GitHub, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Propose a forest of fewer trees, with what it comes to; return the branch."""
    model, folder = "conf/model/random_forest.yaml", tmp_path_factory.mktemp("fewer")
    propose(hub, folder, "fewer", model, "n_estimators: 10", "n_estimators: 1", "repro")
    return "fewer"


def test_a_request_runs_what_it_can_break_and_says_what_it_does_to_the_model(
    hub: GitHub, fewer: str
) -> None:
    done = hub.run("pull-request", "pull_request", pull_request(hub), ref=fewer)

    assert done.passed, done.log
    ran = {"changes", "lock", "security", "model", "comment", "pass"}
    assert done.jobs == dict.fromkeys(ran, "success")
    (comment,) = hub.state["comments"].values()
    (said,) = comment["bodies"]
    assert comment["issue"] == 7
    assert "| Metric | main | here | Change | Must be |" in said
    assert "```mermaid" in said
    assert said.split("\n", 1)[1] in (hub.artefacts / "comparison/comparison.md").read_text()


def test_a_merge_queue_is_answered_by_the_same_check(hub: GitHub) -> None:
    main = git(hub.origin, "rev-parse", "main")
    queued = git(hub.origin, "commit-tree", "main^{tree}", "-p", "main", "-m", "Queue")
    git(hub.origin, "branch", "queued", queued)
    group = {"base_sha": main, "base_ref": "refs/heads/main"}

    done = hub.run("pull-request", "merge_group", {"merge_group": group}, ref="queued")

    assert done.passed, done.log
    assert done.jobs == dict.fromkeys(("changes", "lock", "security", "pass"), "success")


def test_a_commit_whose_results_are_of_other_files_is_told_without_data(
    hub: GitHub, tmp_path: Path
) -> None:
    project = clone(hub, tmp_path)
    (project / ".dvc/cache").unlink()
    whole = make(project, "check-lock")
    assert whole.returncode == 0, whole.stderr

    for file, old, new, why in (
        ("src/pipeline/train.py", "import", "\nimport", "stage train: changed deps: src/pipeline/"),
        ("reports/metrics.json", "0.9", "0.99", "stage evaluate: changed outs: reports/metrics."),
        ("conf/model/random_forest.yaml", "max_depth:", "# Why?\nmax_depth:", "stage settings: "),
        ("conf/model/random_forest.yaml", "estimators: 1", "estimators: 2", "params.yaml: model."),
    ):
        edit(project / file, old, new)
        done = make(project, "check-lock")
        assert done.returncode == 2, file
        assert why in done.stderr
        git(project, "checkout", "--quiet", file)


def test_the_comment_is_replaced_when_the_branch_moves_on(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    before = len(hub.state.get("comments", {}))
    for text in ("first", "second"):
        (project / "build/comparison.md").write_text(text)
        done = make(project, "comment", "PR=7", environment=hub.path | SOMEBODY)
        assert done.returncode == 0, done.stderr

    comments = list(hub.state["comments"].values())
    assert len(comments) == max(before, 1)
    assert comments[-1]["bodies"][-1].endswith("second")


SOMEBODY = {"GH_TOKEN": "a-token", "GITHUB_REPOSITORY": REPOSITORY}


def test_a_secret_in_a_page_of_docs_is_found_and_nothing_else_runs(
    hub: GitHub, tmp_path: Path
) -> None:
    planted = "# Deploy\n\naws_access_key_id = AKIA" + "QWERTYUIOPASDFGH\n\n#"
    page = "docs/branches.md"
    propose(hub, tmp_path, "better-words", page, "# Branches", planted)

    done = hub.run("pull-request", "pull_request", pull_request(hub), ref="better-words")

    assert not done.passed
    assert done.jobs == {"changes": "success", "lock": "success"} | dict.fromkeys(
        ("security", "pass"), "failure"
    )
    assert "AWS Access Key" in done.log
    assert page in done.log


def test_a_test_that_fails_keeps_a_request_from_passing(hub: GitHub, tmp_path: Path) -> None:
    test = "tests/project/test_yaml_text.py"
    planted = "\n\n\ndef test_one_is_two() -> None:\n    assert sum([1]) == 2\n\n\nTEXTS = ["
    propose(hub, tmp_path, "broken", test, "\n\nTEXTS = [", planted)
    only = f"{test} -n 0"

    done = hub.run(
        "pull-request", "pull_request", pull_request(hub), ref="broken", PYTEST_ADDOPTS=only
    )

    assert not done.passed
    passed = dict.fromkeys(("changes", "lint", "lock", "security"), "success")
    assert done.jobs == passed | {"test": "failure", "pass": "failure"}
    assert "test_one_is_two" in done.log


def test_a_template_that_has_moved_on_is_proposed(
    hub: GitHub, template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(template), "slipway")
    move_on(tmp_path / "slipway")
    moved = replace(hub, variables=hub.variables | {"TEMPLATE": str(tmp_path / "slipway")})

    done = moved.run("template-update", "workflow_dispatch", {})

    assert done.passed, done.log
    request = hub.state["pulls"][-1]
    assert (request["head"], request["base"]) == ("template-update", "main")
    changed = git(hub.origin, "diff", "--name-only", "main", "template-update").splitlines()
    assert {".cookiecutter.json", "LICENSE", "conf/config.yaml", "new.sh"} <= set(changed)


def test_a_retraining_that_finds_nothing_better_says_why_and_proposes_nothing(
    hub: GitHub,
) -> None:
    before = git(hub.origin, "for-each-ref"), hub.state.get("pulls", [])

    done = hub.run("retrain", "repository_dispatch", {"action": "new-data"})

    assert done.passed, done.log
    outcome = json.loads((hub.artefacts / "retrain/retrain.json").read_text())
    assert outcome["outcome"] == "not_better"
    assert outcome["why"] == "the same model came out: neither data nor code is new"
    assert (git(hub.origin, "for-each-ref"), hub.state.get("pulls", [])) == before


def test_a_vulnerable_package_is_found(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    with osv("orjson") as url:
        done = make(project, "check-dependencies", f"OSV_URL={url}")

    assert done.returncode == 2
    assert "PYSEC-2026-1" in done.stdout
    assert "requirements/keras.txt: Found 1 known vulnerability" in done.stderr


def test_a_service_that_does_not_answer_finds_nothing_safe(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)

    done = make(project, "check-dependencies", "OSV_URL=http://127.0.0.1:9")

    assert done.returncode == 2
    asked = "could not ask http://127.0.0.1:9: Connection refused; try again with a network"
    assert asked in done.stderr
    assert "nothing that" not in done.stdout


def test_drift_opens_an_issue_and_asks_for_a_retraining(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    seen = tmp_path / "seen"
    traffic = ["DRIFT=shift", "ROWS=1000", f"OUT={seen}/now.jsonl"]
    for words in (["results"], ["simulate", *traffic, f"LABELS={seen}/labels/new/march.csv"]):
        done = make(project, *words)
        assert done.returncode == 0, done.stderr
    told = {"PREDICTIONS": str(seen), "LABELS": "data/predictions/labels/new"}
    told |= {"RETRAIN_ON_DRIFT": "true"}
    watching = replace(hub, variables=hub.variables | told)

    done_run = watching.run("drift", "workflow_dispatch", {})

    assert done_run.passed, done_run.log
    (issue,) = hub.state["issues"]
    assert issue["title"] == "Drift: wine-model"
    assert issue["labels"] == ["drift"]
    (event,) = hub.state["events"]
    assert event["event_type"] == "drift-alert"
    (gauges,) = (hub.artefacts / "drift").rglob("drift.prom")
    # For which the chart's alerts ask.
    assert 'model_drift_detected{environment="prod",' in gauges.read_text()
    (path,) = (hub.artefacts / "drift").rglob("2*.json")
    verdict = json.loads(path.read_text())
    assert (verdict["verdict"], verdict["quality"]["labelled"]) == ("drift", 1000)


def test_results_come_from_the_remote_of_dvc_where_there_is_one(
    hub: GitHub, fewer: str, tmp_path: Path
) -> None:
    project = clone(hub, tmp_path)
    assert "nobody else has these results" in make(project, "send-results").stdout
    dvc(project, "remote", "add", "--default", "team", str(tmp_path / "remote"))
    commit_all(project, "Name a remote")
    git(project, "checkout", "--quiet", "-b", "retrain/fewer", f"origin/{fewer}")
    git(project, "cherry-pick", "main")
    git(project, "checkout", "--quiet", "main")
    sent = make(project, "send-results", "BRANCHES=1")
    assert sent.returncode == 0, sent.stderr
    git(project, "checkout", "--quiet", "retrain/fewer")
    (project / ".dvc/cache").unlink()

    done = make(project, "results")

    assert done.returncode == 0, done.stderr
    assert "Running stage" not in done.stdout.replace("Running stage 'settings'", "")
    assert (project / "dist/manifest.json").exists()
