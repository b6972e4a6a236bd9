"""Real repositories: a project of one commit, a bare remote, and what a deploy would write."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.rollback import way_back
from delivery.state.record import Record, State
from delivery.state.store import StateStore

from ...conftest import Once, quickly

ENVIRONMENT = "dev"
MODEL = "toy"
Deploy = Callable[..., Record]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the git settings of whoever runs the tests out."""
    for name in list(os.environ):
        if name == "GITOPS_REPO" or name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name, value in quickly().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repo(folder: Path, once: Once) -> Path:
    """Make a project's repository, and work in it."""
    once("repo", lambda: make_repo(folder))
    return folder


@pytest.fixture
def remote(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the project a remote."""
    bare = tmp_path_factory.mktemp("remote") / "team.git"
    shutil.copytree(repo / ".git", bare)  # sooner done than a push of main
    (bare / "refs/heads/gitops").unlink(missing_ok=True)
    (bare / "hooks").mkdir()
    (bare / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    git(repo, "remote", "add", "origin", str(bare))
    git(repo, "update-ref", "refs/remotes/origin/main", "main")
    return bare


def make_repo(folder: Path) -> None:
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    project = {"name": MODEL, "title": "Toy", "owner": "@ada", "registry": "local"}
    project |= {"framework": "sklearn", "licence": "MIT"}
    (folder / "params.yaml").write_text(yaml.safe_dump({"project": project}))
    (folder / ".gitignore").write_text("/build/\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Start")


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def state(number: int, environment: str = ENVIRONMENT, model: str = MODEL) -> State:
    config: dict[str, Any] = {"model": model, "environment": environment, "digest": digest(number)}
    return State.of(config, {"replicas": number})


def deploy(number: int, environment: str = ENVIRONMENT, model: str = MODEL, **given: Any) -> Record:
    """Deploy as the command does: look, then change what was seen."""
    store = StateStore.open()
    seen = store.current(environment, model)
    return store.change(
        environment,
        model,
        state(number, environment, model),
        record(number, seen, environment, model, **given),
    )


def roll_back(environment: str = ENVIRONMENT, model: str = MODEL, **given: Any) -> Record:
    """Roll back at once."""
    store = StateStore.open()
    new, record = way_back(store, environment, model, **given)
    return store.change(environment, model, new, record)


def record(
    number: int, seen: Any, environment: str = ENVIRONMENT, model: str = MODEL, **given: Any
) -> Record:
    known = {"action": "deploy", "environment": environment, "model": model}
    known |= {"digest": digest(number), "commit": "0" * 40, "replaced": seen and seen.record.id}
    return Record(**(known | given))
