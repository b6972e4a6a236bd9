import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from project.artefacts import DRIFT, ONNX
from project.files import sha256
from project.gitops import clone_of
from reporting.deployments import deployments
from reporting.page import main, render
from reporting.run import read_run

Refusal = Callable[..., str]


def column(name: str, drifted: bool = False, **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "number",
        "test": "PSI",
        "score": 0.5,
        "threshold": 0.2,
        "drifted": drifted,
        "missing": {"reference": 0.0, "current": 0.0},
        "unseen": None,
        "distribution": {"bins": [0.0, 1.0, 3.0], "reference": [5, 5], "current": [5, 5]},
    } | values


def write_verdict(day: int, verdict: str = "none", **values: Any) -> Path:
    found = {
        "format": 1,
        "time": f"2026-11-{day:02}T13:00:00+00:00",
        "verdict": verdict,
        "exit_code": {"none": 0, "drift": 3, "too_little": 4}[verdict],
        "reasons": ["<b>kind</b> has drifted"] if verdict == "drift" else [],
        "model": {"name": "toy", "version": "abc", "digest": f"sha256:{sha256(ONNX)}"},
        "window": {"from": f"2026-11-{day:02}T00:00:00+00:00", "to": None},
        "reference": {"rows": 6, "digest": "sha256:0"},
        "rows": {"used": 1000, "unreadable": 0, "other_models": 0, "sampled": 1000},
        "columns": [column("kind", verdict == "drift")],
        "prediction": column("y"),
        "appeared": [],
        "gone": [],
        "quality": None,
        "evidently": {"rows": 1000, "drifted": [], "agrees": True},
    } | values
    path = DRIFT / f"202611{day:02}T130000Z.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return path


def section() -> str:
    """Return the section's HTML."""
    return render(read_run()).partition('<section id="monitoring"')[2].partition("</section>")[0]


def words() -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", section())).split())


def record(folder: Path, day: int, environment: str, action: str = "deploy") -> None:
    """Commit a record as a deploy does, on branch gitops."""
    path = folder / environment / "toy/history" / f"202611{day:02}T1200.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"environment": environment, "action": action, "digest": f"sha256:{day:064x}"}
    path.write_text(json.dumps(values, indent=2) + "\n")
    date = f"2026-11-{day:02}T12:00:00+00:00"
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("add", "."), (*who, "commit", "-qm", "Deploy", f"--date={date}")):
        given = {"GIT_COMMITTER_DATE": date, "PATH": "/usr/bin:/bin"}
        subprocess.run(["git", *command], cwd=folder, env=given, check=True)


@pytest.fixture
def gitops(folder: Path) -> Path:
    """Return a work tree of the branch whose commits the project's repository sees."""
    subprocess.run(["git", "init", "-q", "-b", "gitops", "state"], check=True)
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "remote", "add", "origin", "state"], check=True)
    return folder / "state"


def test_before_the_first_verdict_it_says_what_to_type(classifier: None) -> None:
    assert "make drift" in words()


def test_the_last_verdict_speaks_with_its_reasons(classifier: None) -> None:
    write_verdict(2)
    write_verdict(3, "drift")
    text = words()
    assert text.index("Drift <b>kind</b> has drifted") < text.index("The last 2 verdicts")
    assert "2 verdicts from 2026-11-02 13:00 to 2026-11-03 13:00, 1 of them drift" in section()


@pytest.mark.parametrize(("verdict", "said"), [("none", "No drift"), ("too_little", "Too little")])
def test_each_verdict_is_said(classifier: None, verdict: str, said: str) -> None:
    write_verdict(2, verdict)
    assert said in words()
    assert f'class="stem {verdict}"' in section()


def test_the_last_thirty_are_shown(classifier: None) -> None:
    for day in range(1, 31):
        write_verdict(day)
    write_verdict(30, time="2026-12-01T13:00:00+00:00").rename(DRIFT / "20261201T130000Z.json")
    write_verdict(30)
    assert section().count('class="stem') == 30
    assert "2026-11-01" not in words()


def test_what_drifted_comes_first_then_what_moved_furthest(classifier: None) -> None:
    def moved(share: int) -> dict[str, Any]:
        return {
            "distribution": {"bins": [0.0, 1.0, 2.0], "reference": [1, 1], "current": [share, 4]}
        }

    columns = [column("still"), column("far", **moved(0)), column("near", **moved(3))]
    write_verdict(2, "drift", columns=[*columns, column("drifted", True)], prediction=None)
    names = re.findall(r'<h4><span class="id">(\w+)', section())
    assert names == ["drifted", "far", "near", "still"]


def test_a_category_shows_both_shares_and_a_number_both_shapes(classifier: None) -> None:
    kinds = {"categories": ["x", "<b>"], "reference": [9, 1], "current": [600, 400]}
    write_verdict(2, columns=[column("kind", distribution=kinds, unseen=0.125)])
    assert "90% → 60%" in words()
    assert "12.5% of the rows hold a value that training had not." in words()
    assert (
        len(re.findall('<polyline class="(?:before|curve now)"', section())) == 2
    )  # the prediction's


def test_a_column_without_distribution_or_with_bins_of_no_width_is_shown(classifier: None) -> None:
    constant = {"bins": [1.0, 1.0], "reference": [7], "current": [7]}
    columns = [column("hashed", distribution=None), column("constant", distribution=constant)]
    write_verdict(2, columns=columns)
    assert "hashed" in words()
    assert "nan" not in section()


def test_a_verdict_about_another_model_says_so(classifier: None) -> None:
    write_verdict(2, model={"name": "toy", "version": "older", "digest": "sha256:1"})
    assert "about the model older, not the one of this page" in words()


def test_quality_stands_beside_its_floor(classifier: None) -> None:
    metric = {"name": "macro_f1", "direction": "higher", "offline": 0.9, "current": 0.7}
    quality = {"labelled": 40, "metrics": [metric | {"floor": 0.8, "kept": False}]}
    write_verdict(2, quality=quality)
    assert "Quality, by 40 labels" in words()
    assert "Macro F1 0.9 0.7 ✕ at least 0.8" in words()


def test_deployments_are_marked_as_last_fetched(classifier: None, gitops: Path) -> None:
    for day, environment in ((1, "dev"), (3, "dev"), (4, "prod")):
        record(gitops, day, environment)
    record(gitops, 5, "prod", "verify")
    record(gitops, 5, "dev", "acknowledge")
    write_verdict(2)
    write_verdict(6)
    assert "deployed" not in words()
    subprocess.run(["git", "fetch", "-q", "origin"], check=True)
    assert [(each.environment, each.time.day) for each in deployments("toy")] == [
        *(("dev", 1), ("dev", 3), ("prod", 4)),
    ]
    assert deployments("another") == []
    assert section().count('class="deployed"') == 3
    assert "2026-11-04 12:00 prod deploy 000000000000" in words()


def test_of_a_fleet_only_the_commits_of_this_model_are_opened(
    classifier: None, gitops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(gitops, 1, "dev")
    record(gitops, 2, "prod")
    for number in range(8):
        (gitops / "dev" / f"other-{number}").mkdir()
        (gitops / "dev" / f"other-{number}/config.yaml").touch()
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        for command in (("add", "."), (*who, "commit", "-qm", "Deploy another")):
            subprocess.run(["git", *command], cwd=gitops, check=True)
    copy = clone_of(str(gitops))
    subprocess.run(["git", "clone", "--quiet", "--bare", gitops, copy], check=True)
    index = ("commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")
    subprocess.run(["git", "--git-dir", copy, *index], check=True)
    monkeypatch.setenv("GITOPS_REPO", str(gitops))
    trace = Path("trace").resolve()
    monkeypatch.setenv("GIT_TRACE2_PERF", str(trace))

    found = deployments("toy")

    assert [each.environment for each in found] == ["dev", "prod"]
    # Git's own count of commits that the index of changed paths has kept closed.
    closed = [int(count) for count in re.findall(r'"definitely_not":(\d+)', trace.read_text())]
    assert sum(closed) >= 16


def test_a_deployment_of_long_ago_does_not_push_the_verdicts_together(
    classifier: None, gitops: Path
) -> None:
    record(gitops, 1, "prod")
    subprocess.run(["git", "fetch", "-q", "origin"], check=True)
    write_verdict(20)
    write_verdict(21)
    assert "deployed" not in words()


BROKEN = {
    "cut short": ('{"format": 1, "ti', "Invalid JSON"),
    "of another format": ('{"format": 2}', "format: Input should be 1"),
    "with a value for no bin": (
        json.dumps({"reference": [1], "current": [1], "bins": [1.0]}),
        "columns.0.distribution: Value error, expected a value for each part",
    ),
    "without its columns": ("{}", "format: Field required"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_verdict_is_named(classifier: None, refusal: Refusal, case: str) -> None:
    content, why = BROKEN[case]
    path = write_verdict(2)
    if "reference" in content:
        write_verdict(2, columns=[column("kind", distribution=json.loads(content))])
    else:
        path.write_text(content)
    said = refusal(main)
    assert f"{path}: " in said
    assert why in said
    assert "make drift" in said
