"""What runs by itself, run by act: the watch on drift, retraining, the template's update."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.act import GitHub
from tests.conftest import commit_all, git
from tests.hub import clone
from tests.projects import dvc, make
from tests.updating import move_on

pytestmark = pytest.mark.xdist_group("workflows")


def test_a_template_that_has_moved_on_is_proposed(
    hub: GitHub, template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(template), "slipway")
    move_on(tmp_path / "slipway")
    moved = replace(hub, variables=hub.variables | {"TEMPLATE": str(tmp_path / "slipway")})

    done = moved.run("template-update", "schedule", {})

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

    done_run = watching.run("drift", "schedule", {})

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
