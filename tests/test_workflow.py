"""`make workflow`: dvc.yaml as an Argo workflow, which does what `dvc repro` does."""

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from .argo_workflow import Run
from .conftest import commit_all, git, run
from .manifests import needs_schemas, validate
from .projects import dvc, make

TEMPLATE = "build/workflow/workflow-template.yaml"
STAGES = ["settings", "fetch", "validate", "prepare", "train", "export", "evaluate", "package"]
OVERRIDES = "model=random_forest"

Generated = Callable[..., Path]


@needs_schemas
def test_the_manifests_are_valid_and_the_same_each_time(
    generated: Generated, tmp_path: Path
) -> None:
    project = on_a_remote(generated(), tmp_path)
    first = written(project)
    again = written(project)
    edit = project / "conf/workflow.yaml"
    secrets = "{ssh_key: {name: git, key: id}}"
    edit.write_text(
        edit.read_text()
        .replace("git: null", f"git: {secrets}")
        .replace("environment: []", "environment: [dvc-remote]")
        .replace("pull: []", "pull: [registry]")
    )

    secured = written(project)["workflow-template.yaml"]

    assert again == first
    assert validate(project / "build/workflow") == 2
    for secret in (
        b"secretRef:\n          name: dvc-remote",
        b"sshPrivateKeySecret",
        b"- name: registry",
    ):
        assert secret in secured


def test_a_stage_more_is_a_task_more(generated: Generated, tmp_path: Path) -> None:
    project = on_a_remote(generated(), tmp_path)
    text = (project / "dvc.yaml").read_text()
    stage = (
        "  compare_models:\n"
        "    cmd: bin/python -m pipeline.compare\n"
        "    deps: [reports/metrics.json, data/split]\n"
        "    outs: [reports/comparison.json]\n\nplots:"
    )
    (project / "dvc.yaml").write_text(text.replace("\nplots:", f"\n{stage}", 1))

    written(project)

    spec = yaml.safe_load((project / TEMPLATE).read_text())["spec"]
    tasks = {
        task["name"]: task.get("dependencies") for task in spec["templates"][0]["dag"]["tasks"]
    }
    assert list(tasks) == ["commit", *STAGES, "compare-models"]
    assert tasks["compare-models"] == ["evaluate", "prepare"]
    assert tasks["settings"] == ["commit"]
    assert spec["templates"][-1]["container"]["args"][0] == "compare_models"


def test_tasks_in_clean_clones_end_as_one_repro_does(
    generated: Generated, trained: Generated, tmp_path: Path
) -> None:
    expected = locked(trained("expected", OVERRIDES))
    project = on_a_remote(generated(), tmp_path)
    written(project)
    workflow = started(project, tmp_path, overrides=OVERRIDES)

    ended = workflow.run(together=2)

    assert (ended, workflow.failed) == (["commit", *STAGES], {})
    records = tmp_path / "remote/workflows" / workflow.name
    assert {path.stem: json.loads(path.read_text()) for path in records.iterdir()} == expected

    home = tmp_path / "home"
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), str(home))
    (home / ".venv").symlink_to(project / ".venv")
    assert run(["bin/python", "-m", "project.params", OVERRIDES], home).returncode == 0
    done = dvc(home, "repro", "--pull")
    assert done.returncode == 0, done.stderr
    # DVC keeps no results of a stage whose outputs persist; it gives the same bytes again.
    ran = [line for line in done.stdout.splitlines() if line.startswith("> ")]
    assert ran == ["> bin/python -m pipeline.package"]
    assert locked(home) == expected


def test_a_task_that_fails_says_whether_to_try_again(generated: Generated, tmp_path: Path) -> None:
    project = on_a_remote(generated(), tmp_path)
    written(project)
    (tmp_path / "remote").write_text("no folder, so no file can be put there")
    unreachable = started(project, tmp_path)
    assert unreachable.run(together=2) == ["commit"]
    assert unreachable.failed["settings"].returncode == 75

    (tmp_path / "remote").unlink()
    wrong = started(project, tmp_path, "wrong", overrides="model=nonsense")
    assert wrong.run(together=2) == ["commit"]
    assert wrong.failed["settings"].returncode == 1
    assert wrong.failed["settings"].stderr.startswith(
        "error: model=nonsense: conf/model/nonsense.yaml does not exist; choose from "
    )

    lock = project / "requirements/keras.txt"
    lock.write_text(f"{lock.read_text()}# edited\n")
    commit_all(project, "Another lock")
    git(project, "push", "--quiet", "origin", "HEAD:main")
    other = started(project, tmp_path, "other")
    assert other.run(together=2) == ["commit"]
    assert (
        "not the environment that requirements/keras.txt locks" in other.failed["settings"].stderr
    )


def on_a_remote(project: Path, tmp_path: Path) -> Path:
    """Give a project a DVC remote and a git remote, folders both."""
    added = dvc(project, "remote", "add", "--default", "storage", str(tmp_path / "remote"))
    assert added.returncode == 0, added.stderr
    commit_all(project, "Use a remote")
    git(tmp_path, "clone", "--quiet", "--bare", str(project), "origin.git")
    git(project, "remote", "add", "origin", str(tmp_path / "origin.git"))
    return project


def written(project: Path) -> dict[str, bytes]:
    """Run `make workflow` and read what it wrote."""
    done = make(project, "workflow")
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name: path.read_bytes() for path in (project / "build/workflow").iterdir()}


def started(project: Path, tmp_path: Path, name: str = "pods", **arguments: str) -> Run:
    """Prepare a run of the workflow that the project has written."""
    (tmp_path / name).mkdir()
    return Run(project / TEMPLATE, arguments, tmp_path / name, project / ".venv/bin/python")


def locked(project: Path) -> object:
    """Read the stages of dvc.lock."""
    return yaml.safe_load((project / "dvc.lock").read_text())["stages"]
