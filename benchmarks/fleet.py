"""How the desired state of a fleet grows: its files found, and made Applications of."""

import json
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.document import Table
from benchmarks.workspace import project
from tests.argo_cd import applications, generated_files
from tests.conftest import commit_all, git
from tests.projects import make
from tests.test_argocd import ENVIRONMENTS, desired_state

MODELS = (1, 10, 100, 1000)
HEADER = ("models", "Applications", "files found and read", "rendered")


def measure(work: Path) -> list[Table]:
    """Return how long a fleet of so many models takes, in each environment."""
    folder = project(work, "fleet")
    git(folder, "remote", "add", "origin", str(work / "origin.git"))
    state = desired_state(folder, "model")
    return [Table(HEADER, [_row(work, folder, state, models) for models in MODELS])]


def _row(work: Path, folder: Path, state: dict[str, Any], models: int) -> tuple[str, ...]:
    fleet = work / f"fleet_{models}"
    _fill(fleet, state, models)
    sets = _application_sets(folder, fleet)
    start = time.perf_counter()
    files = [generated_files(one["spec"]["generators"][0]["git"]) for one in sets]
    found = time.perf_counter()
    made = [
        application
        for one, parameters in zip(sets, files, strict=True)
        for application in applications(one, parameters, work)
    ]
    rendered = time.perf_counter()
    assert len(made) == models * len(ENVIRONMENTS)
    times = (f"{found - start:.2f} s", f"{rendered - found:.2f} s")
    return (f"{models:,}", f"{len(made):,}", *times)


def _fill(fleet: Path, state: dict[str, Any], models: int) -> None:
    """Make a repository that holds the state of so many models in each environment."""
    git(fleet.parent, "init", "--quiet", "--initial-branch=gitops", str(fleet))
    for environment in ENVIRONMENTS:
        text = json.dumps(state[f"{environment}/model"])
        for number in range(models):
            name = f"model-{number:04}"
            content = json.loads(text.replace('"model"', f'"{name}"', 1))
            target = fleet / environment / name
            target.mkdir(parents=True)
            for file in ("config", "values"):
                (target / f"{file}.yaml").write_text(
                    yaml.dump(content[file], Dumper=yaml.CSafeDumper)
                )
    commit_all(fleet, f"{models} models")


def _application_sets(folder: Path, fleet: Path) -> list[Any]:
    """Return what `make argocd` writes for a fleet."""
    done = make(folder, "argocd", environment={"GITOPS_REPO": str(fleet)})
    assert done.returncode == 0, done.stderr
    paths = [folder / f"build/argocd/{name}-applications.yaml" for name in ENVIRONMENTS]
    return [yaml.safe_load(path.read_text()) for path in paths]
