"""The run of a minute tries what is here, edits included, and leaves everything as it was."""

from collections.abc import Callable
from pathlib import Path

from tests.conftest import commit_all, git
from tests.hub import GOOD, edit
from tests.projects import make

KEPT = ("params.yaml", "dvc.lock", "mlflow.db", "models/model.onnx", "reports/metrics.json")


def test_a_trial_leaves_everything_as_it_was_and_stands_for_these_files_alone(
    trained: Callable[..., Path],
) -> None:
    project = trained("wine", *GOOD)
    edit(project / "conf/config.yaml", "model: keras_mlp", "model: logistic_regression")
    (project / "notes.txt").write_text("mine")
    before = [git(project, "status", "--porcelain"), *((project / at).read_bytes() for at in KEPT)]

    done = make(project, "debug")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "logistic_regression on wine" in done.stdout
    after = [git(project, "status", "--porcelain"), *((project / at).read_bytes() for at in KEPT)]
    assert after == before
    assert not list((project / "build/debug").glob("mlflow.db"))  # nothing was registered at all

    commit_all(project, "Choose")  # the same files
    summary = project / "build/summary.md"
    compared = make(
        project, "compare", "BASE=HEAD", environment={"GITHUB_STEP_SUMMARY": str(summary)}
    )
    assert compared.returncode == 0, compared.stderr
    assert "| Metric | HEAD | here | Change | Must be |" in compared.stdout
    assert "```mermaid" in compared.stdout
    assert summary.read_text() == (project / "build/comparison.md").read_text()
    assert summary.read_text().strip() == compared.stdout.strip()
    assert git(project, "status", "--porcelain") == ""

    edit(project / "conf/model/logistic_regression.yaml", "name: ", "name:  ")
    refused = make(project, "compare", "BASE=HEAD")
    assert refused.returncode == 2
    expected = "build/debug: the last make debug was of other files; type: make debug"
    assert f"error: {expected}\n" in refused.stderr
