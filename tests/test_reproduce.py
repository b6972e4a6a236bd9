"""The same commit gives the same bytes, in clean clones that share nothing."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import USER, commit_all, git
from tests.projects import dvc, make

MODELS = [
    ("model=random_forest",),
    ("model=hist_gradient_boosting",),
    ("model=logistic_regression",),
    ("dataset=diabetes", "model=elasticnet"),
    ("model=keras_mlp",),
]

NAMED_BY_A_DIGEST = [
    "data/raw/dataset.parquet",
    "data/split/train.parquet",
    "data/split/test.parquet",
    "models/model.onnx",
    "reports/metrics.json",
    "reports/golden.json",
    "dist/bento",
    "dist/modelcar",
    "dist/sbom.json",
    "dist/model.cdx.json",
    "dist/manifest.json",
]

Trained = Callable[..., Path]


@pytest.mark.parametrize("overrides", MODELS, ids=[" ".join(model) for model in MODELS])
def test_two_clean_clones_give_the_same_bytes(
    trained: Trained, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    project = trained("made", *overrides)

    done = reproduce(project, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    for path in NAMED_BY_A_DIGEST:
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"{path} ")]
        _, first, second, verdict = line.split()
        assert (first, verdict) == (second, "same")
        assert len(first) == 16
    assert left_in(tmp_path) == []


def test_data_that_dvc_keeps_is_given_to_both(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", "model=logistic_regression")
    rows = (f"{row % 13},{row % 7},{'yes' if row % 13 > 5 else 'no'}\n" for row in range(90))
    (project / "inputs").mkdir(exist_ok=True)
    (project / "inputs/table.csv").write_text("".join(["size,age,bought\n", *rows]))
    assert make(project, "onboard", "DATA=inputs/table.csv", "TARGET=bought").returncode == 0
    assert dvc(project, "add", "inputs/table.csv").returncode == 0
    done = make(project, "repro", "experiment=table", "model=logistic_regression")
    assert done.returncode == 0, done.stderr
    commit_all(project, "Learn from a table that DVC keeps")
    assert git(project, "ls-files", "inputs/table.csv") == ""

    done = reproduce(project, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    (project / "inputs/table.csv").write_text("a,b\n1,2\n")
    assert error(reproduce(project, tmp_path)) == (
        "error: inputs/table.csv: not what inputs/table.csv.dvc records; type: dvc checkout "
        "inputs/table.csv.dvc"
    )


def test_a_random_number_is_found_and_named(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", "model=logistic_regression")
    stage = project / "src/pipeline/fetch.py"
    planted = '"rows": table.num_rows, "luck": __import__("random").random(),'
    stage.write_text(stage.read_text().replace('"rows": table.num_rows,', planted))
    commit_all(project, "Plant a random number")

    done = reproduce(project, tmp_path)

    assert done.returncode != 0
    assert error(done) == "error: the two clones differ in data/raw/origin.json"
    assert left_in(tmp_path) == []


def test_bytes_that_dvc_lock_does_not_record_are_named(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", "model=logistic_regression")
    stage = project / "src/pipeline/fetch.py"
    stage.write_text(stage.read_text().replace('"rows": table', '"lines": 1, "rows": table'))
    commit_all(project, "Change a stage and forget to run it")
    (project / "edit.txt").touch()

    done = reproduce(project, tmp_path)

    assert "this is about HEAD, without your edits" in done.stdout
    assert error(done).startswith(
        "error: the clones agree, but dvc.lock records something else for data/raw/origin.json: "
    )


def test_a_stage_that_fails_in_a_clone_is_told_as_it_said_it(
    trained: Trained, tmp_path: Path
) -> None:
    project = trained("made", "model=logistic_regression")
    model = project / "conf/model/logistic_regression.yaml"
    model.write_text(model.read_text().replace("C: 1.0", "C: 2.0"))
    commit_all(project, "Edit conf and forget to compose it")

    done = reproduce(project, tmp_path)

    assert "clone: params.yaml: model.C is not what conf/ says" in error(done)
    assert left_in(tmp_path) == []


def test_data_that_is_not_in_git_is_named(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", "model=logistic_regression")
    params = project / "params.yaml"
    mine = "source:\n  kind: file\n  path: mine.csv\n"
    params.write_text(re.sub(r"source:\n(  .*\n)+", mine, params.read_text()))
    commit_all(project, "Use data of mine")
    (project / "mine.csv").write_text("a,b\n1,2\n")

    done = reproduce(project, tmp_path)

    assert error(done).startswith("error: mine.csv: not committed, so a clean clone has no data; ")


def test_without_a_lock_or_a_commit_there_is_nothing_to_reproduce(
    trained: Trained, tmp_path: Path
) -> None:
    project = trained("made", "model=logistic_regression")
    git(project, "rm", "--quiet", "dvc.lock")
    git(project, "commit", "--quiet", "--message", "Forget the lock")
    assert error(reproduce(project, tmp_path)).startswith("error: dvc.lock is not committed, ")

    (project / ".git").rename(tmp_path / "aside")
    assert error(reproduce(project, tmp_path)).startswith("error: there is no commit to clone; ")


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGHUP], ids=lambda told: told.name)
def test_an_interruption_leaves_nothing_behind(
    trained: Trained, tmp_path: Path, told: signal.Signals
) -> None:
    project = trained("made", "model=logistic_regression")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # A shell that runs these tests in the background has them ignore Ctrl-C, and what they start.
    process = subprocess.Popen(
        ["env", "--default-signal=INT,HUP", "bin/python", "-m", "project.reproduce"],
        cwd=project,
        env=os.environ | USER | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while "clone: fetch" not in process.stdout.readline():
        assert process.poll() is None

    process.send_signal(told)
    _, stderr = process.communicate(timeout=30)

    assert process.returncode == 128 + told
    assert "Traceback" not in stderr
    time.sleep(0.2)
    assert list(temporary.iterdir()) == []


def reproduce(project: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    temporary = tmp_path / "temporary"
    temporary.mkdir(exist_ok=True)
    return make(project, "reproduce", environment={"TMPDIR": str(temporary)})


def left_in(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "temporary").iterdir())


def error(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that the user gets; make adds one of its own."""
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    return line
