"""A pull request and the nightly look at drift, run by act."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.act import REPOSITORY, GitHub
from tests.hub import clone
from tests.osv import osv
from tests.projects import make

pytestmark = pytest.mark.xdist_group("workflows")


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
    assert "pip-audit could not ask" in done.stderr
    assert "nothing that" not in done.stdout


def test_drift_opens_an_issue_and_asks_for_a_retraining(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    seen = tmp_path / "seen"
    for words in (["results"], ["simulate", "DRIFT=shift", f"OUT={seen}/now.jsonl", "ROWS=1000"]):
        done = make(project, *words)
        assert done.returncode == 0, done.stderr
    told = {"PREDICTIONS": str(seen), "RETRAIN_ON_DRIFT": "true"}
    watching = replace(hub, variables=hub.variables | told)

    done_run = watching.run("drift", "workflow_dispatch", {})

    assert done_run.passed, done_run.log
    (issue,) = hub.state["issues"]
    assert issue["title"] == "Drift: wine-model"
    assert issue["labels"] == ["drift"]
    (event,) = hub.state["events"]
    assert event["event_type"] == "drift-alert"
    (verdict,) = (hub.artefacts / "drift").rglob("2*.json")
    assert json.loads(verdict.read_text())["verdict"] == "drift"
