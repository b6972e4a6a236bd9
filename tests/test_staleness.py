"""An edit in conf/ is used or refused, never passed over, and re-runs the stages that read it."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .projects import dvc, make

FOREST = "conf/model/random_forest.yaml"
WINE = "conf/dataset/wine.yaml"
CONFIG = "conf/config.yaml"
#: What is edited: the file, old and new text, the key that the refusal names, what runs again.
EDITS = {
    "a parameter of the model": (
        (FOREST, "n_estimators: 100", "n_estimators: 20", "model.n_estimators"),
        ["train", "export", "evaluate", "package"],
    ),
    "a threshold": (
        (WINE, "balanced_accuracy: 0.9", "balanced_accuracy: 0.8", "balanced_accuracy"),
        ["evaluate", "package"],
    ),
    "a tolerance of the export": (
        (CONFIG, "tolerance: 1.0e-4", "tolerance: 1.0e-3", "export.tolerance"),
        ["export", "package"],
    ),
    "a rule that every row keeps": (
        (WINE, "alcohol: {type: number, min: 0", "alcohol: {type: number, min: 1", "alcohol.min"),
        ["validate", "package"],
    ),
    "the share of the test split": (
        (CONFIG, "test_share: 0.25", "test_share: 0.3", "split.test_share"),
        ["prepare", "train", "export", "evaluate", "package"],
    ),
    "who owns the project": (
        ("conf/project.yaml", "@your-team", "@another-team", "project.owner"),
        ["package"],
    ),
    "the bound of a request": (
        (CONFIG, "max_rows: 1024", "max_rows: 512", "serving.max_rows"),
        ["package"],
    ),
}


@pytest.mark.parametrize(("edit", "stages"), EDITS.values(), ids=EDITS)
def test_an_edit_is_refused_by_dvc_and_used_by_make(
    edit: tuple[str, str, str, str], stages: list[str], trained: Callable[..., Path]
) -> None:
    project = trained("edited", "model=random_forest")
    file, old, new, key = edit
    replace(project / file, old, new)

    bare = dvc(project, "repro")
    used = make(project, "repro", "model=random_forest")

    assert bare.returncode != 0
    assert re.search(rf"^error: params.yaml: \S*{key} .*make repro", bare.stderr, re.MULTILINE)
    assert used.returncode == 0, used.stdout + used.stderr
    assert re.findall(r"Running stage '(\w+)'", used.stdout) == ["settings", *stages]


def test_an_edit_that_the_last_command_line_hides_is_no_old_result(
    trained: Callable[..., Path],
) -> None:
    project = trained("hidden", "model=random_forest")
    config = (project / CONFIG).read_text()
    model = re.search(r"- model: (\w+)", config)
    assert model
    replace(project / CONFIG, model[0], "- model: logistic_regression")

    bare = dvc(project, "repro")

    assert bare.returncode != 0
    hint = "type `make repro` to use the edit, or `make repro model=random_forest` to keep"
    assert re.search(f"^error: params.yaml: composed with .*{hint}", bare.stderr, re.MULTILINE)


def test_an_edit_that_changes_no_setting_runs_no_stage(trained: Callable[..., Path]) -> None:
    project = trained("commented", "model=random_forest")
    replace(project / FOREST, "n_estimators", "# How many trees.\nn_estimators")
    replace(project / "conf/model/keras_mlp.yaml", "patience: 10", "patience: 20")

    done = dvc(project, "repro")

    assert done.returncode == 0, done.stderr
    assert re.findall(r"Running stage '(\w+)'", done.stdout) == ["settings"]


def test_nothing_runs_when_nothing_changed(trained: Callable[..., Path]) -> None:
    done = dvc(trained("same", "model=random_forest"), "repro")

    assert done.returncode == 0
    assert "Data and pipelines are up to date." in done.stdout


def test_a_data_file_that_changed_is_fetched_again(
    trained: Callable[..., Path], tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{i};{i % 7};{'yes' if i % 3 else 'no'}" for i in range(90)]
    table.write_text("\n".join(["size;age;bought", *rows]))
    project = trained("own", "model=random_forest")
    onboard = make(project, "onboard", f"DATA={table}", "TARGET=bought")
    assert onboard.returncode == 0, onboard.stderr
    make(project, "repro", "experiment=table", "model=random_forest")

    table.write_text("\n".join(["size;age;bought", *rows, "91;3;yes"]))
    done = dvc(project, "repro")

    assert "Running stage 'fetch'" in done.stdout
    assert json.loads((project / "data/raw/origin.json").read_text())["rows"] == 91


def test_an_experiment_of_dvc_uses_its_settings_and_stays_fresh(
    trained: Callable[..., Path],
) -> None:
    project = trained("experiment", "model=random_forest")

    done = dvc(project, "exp", "run", "-S", "model=logistic_regression")
    again = dvc(project, "repro")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((project / "reports/training.json").read_text())["model"] == (
        "logistic_regression"
    )
    assert "Data and pipelines are up to date." in again.stdout


def test_queued_experiments_run_each_value(trained: Callable[..., Path]) -> None:
    project = trained("queue", "model=random_forest")

    dvc(project, "exp", "run", "--queue", "-S", "model=logistic_regression", "-S", "model.C=0.1,10")
    done = dvc(project, "exp", "run", "--run-all")
    shown = dvc(project, "exp", "show", "--csv", "--no-pager")

    assert done.returncode == 0, done.stdout + done.stderr
    header, *rows = csv.reader(shown.stdout.splitlines())
    assert {"0.1", "10"} <= {row[header.index("model.C")] for row in rows}, shown.stdout


def test_metrics_and_plots_compare_with_the_last_commit(trained: Callable[..., Path]) -> None:
    project = trained("compared", "model=random_forest")
    make(project, "repro", "model=logistic_regression")

    metrics = json.loads(dvc(project, "metrics", "diff", "--json").stdout)
    plots = dvc(project, "plots", "diff", "HEAD")

    assert metrics["reports/metrics.json"]["log_loss"]["diff"] != 0
    assert plots.returncode == 0, plots.stderr
    assert "failed" not in plots.stderr
    assert (project / "dvc_plots" / "index.html").exists()


def test_settings_on_the_command_line_last_for_one_run(trained: Callable[..., Path]) -> None:
    project = trained("overridden", "model=random_forest")

    make(project, "repro", "model=random_forest", "model.n_estimators=7", "split.test_share=0.4")
    overridden = (project / "params.yaml").read_text()
    make(project, "repro", "model=random_forest")

    assert "n_estimators: 7\n" in overridden
    assert "# With: model=random_forest model.n_estimators=7 split.test_share=0.4" in overridden
    assert "n_estimators: 100\n" in (project / "params.yaml").read_text()


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
