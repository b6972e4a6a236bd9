"""Labelled predictions make a better model, which comes as a branch; else one line says why."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import USER, commit_all, git, run
from tests.deploying import bare
from tests.projects import dvc, generate_with_environment, make

#: So few rows to begin with that more of the same make a better model.
FIRST, LATER = 160, 900
REPRO = (
    *("experiment=shop", "model=random_forest"),
    *(
        "evaluation.thresholds.balanced_accuracy=0.55",
        "evaluation.thresholds.calibration_error=null",
    ),
)
Row = dict[str, Any]


def rows(end: int, start: int = 0) -> list[Row]:
    """Draw rows of one population: who buys depends on the product of two columns, and a third."""
    draw = random.Random(7)
    made = []
    for _ in range(end):
        a, b, c = (round(draw.gauss(0, 1), 4) for _ in range(3))
        colour = draw.choice("rgb")
        logit = a * b + 0.5 * c + (0.8 if colour == "r" else 0) + draw.gauss(0, 0.2)
        bought = "yes" if logit > 0 else "no"
        made.append({"a": a, "b": b, "c": c, "colour": colour, "bought": bought})
    return made[start:]


@pytest.fixture
def shop(template: Path, shared_folder: Path, tmp_path: Path) -> Path:
    """Return a project that has trained on few rows, with a remote beside it."""
    folder = shared_folder / "shop"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            train(generate_with_environment(template, folder))
            (folder / "done").touch()
    project = Path(shutil.copytree(folder / "wine-model", tmp_path / "shop", symlinks=True))
    for key, value in (("name", "Ada"), ("email", "ada@example.org")):
        git(project, "config", f"user.{key}", value)
    git(project, "remote", "add", "origin", str(bare(tmp_path / "team.git")))
    git(project, "push", "--quiet", "origin", "main")
    return project


def train(project: Path) -> None:
    write_table(project / "shop.csv", rows(FIRST))
    onboarded = make(project, "onboard", "DATA=shop.csv", "TARGET=bought", "NAME=shop")
    assert onboarded.returncode == 0, onboarded.stderr
    done = make(project, "repro", *REPRO)
    assert done.returncode == 0, done.stdout + done.stderr
    settings = project / "conf/monitoring.yaml"
    settings.write_text(settings.read_text().replace("labelled: false", "labelled: true"))
    commit_all(project, "Train")


def write_table(path: Path, made: list[Row]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, ["a", "b", "c", "colour", "bought"])
        table.writeheader()
        table.writerows(made)


def label(project: Path, later: list[Row]) -> None:
    """Record predictions as the service does, the last line cut short, and label them."""
    model = sha256((project / "models/model.onnx").read_bytes()).hexdigest()
    lines, labels = [], ["request_id,label"]
    for number, row in enumerate(later):
        inputs = {name: value for name, value in row.items() if name != "bought"}
        said = {"time": datetime.now(UTC).isoformat(), "request_id": f"request-{number}"}
        said |= {"model": f"sha256:{model}"}
        output = {"label": row["bought"], "probabilities": {"no": 0.5, "yes": 0.5}}
        lines.append(json.dumps(said | {"inputs": [inputs], "outputs": [output]}))
        labels.append(f"request-{number},{row['bought']}")
    folder = project / "data/predictions"
    folder.mkdir(parents=True)
    (folder / "recorded.jsonl").write_text("\n".join([*lines, '{"time": "2026-']))
    (project.parent / "labels.csv").write_text("\n".join(labels))
    done = make(project, "labels", f"FILE={project.parent / 'labels.csv'}")
    assert done.returncode == 0, done.stderr


def retrained(project: Path, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Retrain, and return what is left for a scheduler."""
    # Git knows who one is by the project's own settings alone, which no clone has.
    given = {"GIT_CONFIG_COUNT": "0"} | (environment or {})
    done = make(project, "retrain", environment=given)
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads((project / "reports/retrain.json").read_text())
    assert done.stdout.splitlines()[-1].endswith(said["why"])
    return said


def branches(repository: Path) -> list[str]:
    return git(repository, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()


def kill_half_way(project: Path) -> None:
    """Kill a retraining, with all that it has started, while a stage runs."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    process = subprocess.Popen(
        ["make", "retrain"],
        cwd=project,
        env={key: value for key, value in (os.environ | USER).items() if key not in ours},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    with process:
        said = next((line for line in process.stdout if line == "stage train\n"), "it has ended")
        os.killpg(process.pid, signal.SIGKILL)
    assert said == "stage train\n"


def test_labels_that_teach_more_leave_a_branch_with_the_comparison(shop: Path) -> None:
    label(shop, rows(FIRST + LATER, FIRST))
    (shop / "README.md").write_text("an edit of mine")
    (shop / "notes.txt").write_text("mine too")
    for name in ("monitoring", "environment/prod"):
        (shop / f"conf/{name}.yaml").write_text("an edit of mine: [")
    before = git(shop, "status", "--porcelain"), git(shop, "rev-parse", "HEAD")
    model = (shop / "models/model.onnx").read_bytes()

    kill_half_way(shop)
    assert branches(shop) == branches(shop.parent / "team.git") == ["main"]
    said = retrained(shop)

    assert said["outcome"] == "better"
    assert (git(shop, "status", "--porcelain"), git(shop, "rev-parse", "HEAD")) == before
    assert (shop / "models/model.onnx").read_bytes() == model
    assert git(shop, "symbolic-ref", "--short", "HEAD") == "main"
    branch = said["branch"]
    assert branches(shop) == branches(shop.parent / "team.git") == ["main", branch]
    changed = git(shop, "diff", "--name-only", "main", branch).splitlines()
    assert {"dvc.lock", "feedback/labelled.parquet", "reports/metrics.json"} < set(changed)
    assert {name.partition("/")[0] for name in changed} == {"dvc.lock", "feedback", "reports"}
    comparison = git(shop, "show", f"{branch}:{said['comparison']}")
    assert "160 rows from shop.csv, and 900 predictions whose labels came" in comparison
    assert "as nothing runs in prod; the candidate is better" in comparison
    assert "Old test rows: 40 of" in comparison
    primary = next(line for line in comparison.splitlines() if "(primary)" in line)
    assert primary.endswith("| better |")

    again = retrained(shop)
    assert (again["outcome"], again["branch"]) == ("cooldown", branch)
    assert branches(shop) == ["main", branch]
    # Whoever takes the branch has the model that was compared, and dvc.lock is whole.
    git(shop, "checkout", "--quiet", "--force", branch)
    assert dvc(shop, "checkout", "--force").returncode == 0
    assert branch.endswith(sha256((shop / "models/model.onnx").read_bytes()).hexdigest()[:12])
    status = dvc(shop, "status")
    assert "up to date" in status.stdout, status.stdout
    assert git(shop, "status", "--porcelain", "dvc.lock", "reports") == ""


def test_where_nothing_is_new_it_says_so_in_one_line(shop: Path) -> None:
    said = retrained(shop)
    assert said["outcome"] == "not_better"
    assert said["why"] == "the same model came out: neither data nor code is new"
    assert branches(shop) == branches(shop.parent / "team.git") == ["main"]
    assert git(shop, "status", "--porcelain") == ""


def test_a_model_that_misses_a_threshold_is_no_better_one(shop: Path) -> None:
    words = [word.replace("=0.55", "=0.999") for word in REPRO]
    done = run(["bin/python", "-m", "project.params", *words], shop)
    assert done.returncode == 0, done.stderr
    commit_all(shop, "Ask for more")
    said = retrained(shop)
    assert said["outcome"] == "not_better"
    assert said["why"].startswith("the new model is refused: balanced_accuracy is ")
    assert branches(shop) == branches(shop.parent / "team.git") == ["main"]


def test_labels_that_are_wrong_make_no_better_model(shop: Path) -> None:
    flipped = {"yes": "no", "no": "yes"}
    label(shop, [row | {"bought": flipped[row["bought"]]} for row in rows(FIRST + 300, FIRST)])
    said = retrained(shop)
    assert said["outcome"] == "not_better"
    assert branches(shop) == branches(shop.parent / "team.git") == ["main"]


def test_the_same_rows_again_make_no_better_model(shop: Path) -> None:
    label(shop, 8 * rows(FIRST))
    said = retrained(shop)
    assert said["outcome"] == "not_better"
    assert said["why"].startswith(
        "test rows that neither model has learned from, nor rows like them: 0 of 40; the data says"
    )
    assert branches(shop) == ["main"]


def on_github(project: Path, folder: Path) -> dict[str, str]:
    """Have the remote be one of GitHub's, behind ssh and gh that stand in; return the variables."""
    ssh = folder / "ssh"
    ssh.write_text(f'#!/bin/sh\ncd "{folder}" && eval "$2"\n')
    ssh.chmod(0o755)
    git(project, "remote", "set-url", "origin", "git@github.com:team.git")
    stand_ins = Path(__file__).with_name("stand_ins")
    return {
        "GIT_SSH_COMMAND": str(ssh),
        "GIT_SSH_VARIANT": "simple",
        "PATH": f"{stand_ins}{os.pathsep}{os.environ['PATH']}",
        "GH_STATE": str(folder / "gh.json"),
        "GH_TOKEN": "a-token",
    }


def forget_history(project: Path) -> None:
    """Let HEAD be all that git knows, as in a shallow clone."""
    git(project, "checkout", "--quiet", "--orphan", "grafted")
    git(project, "commit", "--quiet", "-m", "Begin here")
    git(project, "branch", "--move", "--force", "main")
    git(project, "push", "--quiet", "--force", "origin", "main")
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "--quiet", "--prune=now")


def test_the_champion_is_what_runs_there(shop: Path, tmp_path: Path) -> None:
    settings = shop / "conf/monitoring.yaml"
    settings.write_text(settings.read_text().replace("environment: prod", "environment: dev"))
    assert make(shop, "keys").returncode == 0
    commit_all(shop, "Make keys")
    git(shop, "push", "--quiet", "origin", "main")
    for words in (("sign",), ("deploy", "ENV=dev")):
        done = make(shop, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    deployed = json.loads((shop / "dist/manifest.json").read_text())["digests"]["modelcar"]
    before = git(shop, "rev-parse", "HEAD")
    forget_history(shop)
    label(shop, rows(FIRST + LATER, FIRST))

    said = retrained(shop, on_github(shop, tmp_path))

    assert said["outcome"] == "better", said
    comparison = git(shop, "show", f"{said['branch']}:{said['comparison']}")
    assert f"The champion is what runs in dev, {deployed}; the candidate is better." in comparison
    head = git(shop, "rev-parse", "HEAD")
    assert f"The old split is that of {head[:10]}, as the one of the champion's" in comparison
    assert f"commit, {before[:10]}, is not to be had here" in comparison
    (request,) = json.loads((tmp_path / "gh.json").read_text())["pulls"]
    assert said["request"] == request["html_url"] == "https://github.example/pulls/1"
    assert (request["repo"], request["base"]) == ("github.com/team", "main")
    assert (request["head"], request["title"].split(":")[0]) == (said["branch"], "Retrain")
    assert "| macro_f1 (primary) |" in request["body"]
    assert said["branch"] in branches(tmp_path / "team.git")


def test_data_that_nobody_has_committed_is_named(shop: Path) -> None:
    git(shop, "rm", "--quiet", "--cached", "shop.csv")
    git(shop, "commit", "--quiet", "-m", "Forget the data")
    done = make(shop, "retrain")
    assert done.returncode == 2
    assert "error: shop.csv: not committed, so a retraining has no data" in done.stderr
    assert not (shop / "reports/retrain.json").exists()
    assert branches(shop) == ["main"]
