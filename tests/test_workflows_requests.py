"""A pull request and a merge queue, run by act: what runs, what is refused, what is said."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.act import REPOSITORY, GitHub
from tests.conftest import commit_all, git
from tests.hub import clone, edit, propose
from tests.osv import osv
from tests.projects import make

pytestmark = pytest.mark.xdist_group("workflows")

#: Of the project's own tests, which have a run of their own (tests/test_generation.py).
TEST = "tests/project/test_yaml_text.py"
FEW = f"{TEST} -n 0"
MARK = "<!-- slipway: comparison -->\n"


def pull_request(hub: GitHub) -> dict[str, Any]:
    base = {"sha": git(hub.origin, "rev-parse", "main"), "ref": "main"}
    head = {"repo": {"full_name": REPOSITORY}}
    return {"pull_request": {"number": 7, "base": base, "head": head}}


def said_of_model(hub: GitHub) -> str:
    return (hub.artefacts / "comparison/comparison.md").read_text()


def test_a_request_runs_what_it_can_break_and_says_what_it_does_to_the_model(
    hub: GitHub, fewer: str
) -> None:
    person, ours = "I like it", f"{MARK}of an earlier push"
    told = {"1": {"issue": 7, "bodies": [person]}, "2": {"issue": 7, "bodies": [ours]}}
    hub.hold(comments=told)

    done = hub.run("pull-request", "pull_request", pull_request(hub), ref=fewer)

    assert done.passed, done.log
    ran = {"changes", "lock", "security", "model", "comment", "pass"}
    assert done.jobs == dict.fromkeys(ran, "success")
    # In place: no comment more, and a person's is theirs.
    first, second = hub.state["comments"].values()
    assert first["bodies"] == [person]
    assert second["bodies"] == [ours, f"{MARK}{said_of_model(hub)}"]
    assert "| Metric | main | here | Change | Must be |" in said_of_model(hub)
    assert "```mermaid" in said_of_model(hub)


def test_a_merge_queue_runs_all_that_changed_and_is_answered_by_the_same_check(
    hub: GitHub, fewer: str, tmp_path: Path
) -> None:
    shutil.rmtree(hub.artefacts / "comparison", ignore_errors=True)
    before = hub.state.get("comments")
    queued = clone(hub, tmp_path)
    git(queued, "checkout", "--quiet", "-b", "queued", f"origin/{fewer}")
    edit(queued / ".github/dependabot.yml", "interval: weekly", "interval: monthly")
    commit_all(queued, "Queue")
    git(queued, "push", "--quiet", "origin", "queued")
    main = git(hub.origin, "rev-parse", "main")
    group = {"base_sha": main, "base_ref": "refs/heads/main"}

    done = hub.run(
        *("pull-request", "merge_group", {"merge_group": group}), ref="queued", PYTEST_ADDOPTS=FEW
    )

    assert done.passed, done.log
    ran = {"changes", "lint", "test", "lock", "security", "model", "pass"}
    assert done.jobs == dict.fromkeys(ran, "success")
    checks = {"make check-secrets", "make check-workflows", "make check-dependencies"}
    assert checks | {"make check-manifests"} <= set(done.commands)
    assert "| Metric | main | here | Change | Must be |" in said_of_model(hub)
    assert hub.state.get("comments") == before  # a queue has no request to write to, nor has a fork


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


def test_the_first_comment_is_made_and_replaced_when_the_branch_moves_on(
    hub: GitHub, tmp_path: Path
) -> None:
    project = clone(hub, tmp_path)
    apart = replace(hub, folder=tmp_path)
    somebody = {"GH_TOKEN": "a-token", "GITHUB_REPOSITORY": REPOSITORY}
    for text in ("first", "second"):
        (project / "build/comparison.md").write_text(text)
        done = make(project, "comment", "PR=7", environment=apart.path | somebody)
        assert done.returncode == 0, done.stderr

    (comment,) = apart.state["comments"].values()
    assert comment == {"issue": 7, "bodies": [f"{MARK}first", f"{MARK}second"]}


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
    planted = "\n\n\ndef test_one_is_two() -> None:\n    assert sum([1]) == 2\n\n\nTEXTS = ["
    propose(hub, tmp_path, "broken", TEST, "\n\nTEXTS = [", planted)

    done = hub.run(
        "pull-request", "pull_request", pull_request(hub), ref="broken", PYTEST_ADDOPTS=FEW
    )

    assert not done.passed
    passed = dict.fromkeys(("changes", "lint", "lock", "security"), "success")
    assert done.jobs == passed | {"test": "failure", "pass": "failure"}
    assert "test_one_is_two" in done.log


def test_a_workflow_that_is_unsafe_or_cannot_be_read_is_found(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    whole = make(project, "check-workflows")
    assert whole.returncode == 0, whole.stderr
    for old, new, why in (
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("jobs:\n", "jobs: [\n", "drift.yml"),
    ):
        edit(project / ".github/workflows/drift.yml", old, new)
        done = make(project, "check-workflows")
        assert done.returncode == 2, done.stdout
        assert why in done.stdout + done.stderr
        git(project, "checkout", "--quiet", ".github")


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
