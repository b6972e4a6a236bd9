"""GitHub with one project in it, shared by the tests that run its workflows."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.act import REPOSITORY, TOKEN, GitHub
from tests.conftest import ROOT, commit_all, git
from tests.deploying import bare
from tests.git_server import git_server
from tests.oci_registry import docker_registry
from tests.osv import osv
from tests.projects import make, train
from tests.webhook import listening

GOOD = ("model=random_forest", "serving.port=0")


@contextmanager
def open_hub(template: Path, shared: Path, folder: Path) -> Iterator[GitHub]:
    """Have a remote whose main holds a good model, a registry, and a service of vulnerabilities."""
    with (
        docker_registry() as registry,
        osv() as url,
        git_server(folder, TOKEN) as server,
        listening() as (hook, told),
    ):
        project = folder / "wine-model"
        shutil.copytree(train(template, shared, GOOD), project, symlinks=True)
        edit(project / "conf/config.yaml", "model: keras_mlp", "model: random_forest")
        edit(project / "conf/project.yaml", '"local"', f'"{registry}/team"')
        for name in ("test", "prod"):  # a machine that runs tests is slow
            path = project / f"conf/environment/{name}.yaml"
            edit(path, "p99_milliseconds: 250", "p99_milliseconds: 9000")
        prod = project / "conf/environment/prod.yaml"
        edit(prod, "wait_seconds: 600", "wait_seconds: 20")
        edit(prod, "interval_seconds: 10", "interval_seconds: 1")
        edit(prod, "margins: {balanced_accuracy: 0.0", "margins: {balanced_accuracy: 1.0")
        for target in ("keys", "repro"):
            done = make(project, target)
            assert done.returncode == 0, done.stdout + done.stderr
        commit_all(project, "Choose")
        origin = bare(folder / f"{REPOSITORY}.git")
        git(project, "push", "--quiet", str(origin), "main")
        protect(origin)
        shutil.copytree(project / ".dvc/cache", folder / "dvc")
        key = (project / "keys/signing.key").read_text()
        environment = (project / ".venv").resolve()
        where = f"{server}/{REPOSITORY}.git"
        secrets = {"SIGNING_KEY": key, "SLIPWAY_WEBHOOK": hook}
        yield GitHub(folder, origin, where, environment, {"OSV_URL": url}, secrets, told)


def propose(
    hub: GitHub, folder: Path, branch: str, file: str, old: str, new: str, *words: str
) -> None:
    """Push a branch with one edit, and with what make's `words` make of it."""
    project = clone(hub, folder)
    git(project, "checkout", "--quiet", "-b", branch)
    edit(project / file, old, new)
    for word in words:
        done = make(project, word)
        assert done.returncode == 0, done.stdout + done.stderr
    commit_all(project, "Change")
    git(project, "push", "--quiet", "origin", branch)


def protect(origin: Path) -> None:
    """Let main take nothing but what `merge` brings, as a protected branch does."""
    hook = origin / "hooks/update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || [ -e ../merging ]\n')
    hook.chmod(0o755)


def merge(hub: GitHub, project: Path) -> None:
    """Bring HEAD to main, as a pull request does that was merged."""
    merging = hub.origin.with_name("merging")
    merging.touch()
    git(project, "push", "--quiet", "origin", "HEAD:main")
    merging.unlink()


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new))


def clone(hub: GitHub, folder: Path) -> Path:
    """Clone the remote as a colleague would, with our environment and the cache that is there."""
    git(folder, "clone", "--quiet", str(hub.origin), "wine-model")
    project = folder / "wine-model"
    (project / ".venv").symlink_to(hub.environment)
    (project / ".dvc/cache").symlink_to(hub.folder / "dvc")
    (project / "build").mkdir()
    for name in ("checks", "helm"):  # what the project would install there
        shared = ROOT / "build" / name
        shared.mkdir(parents=True, exist_ok=True)
        (project / "build" / name).symlink_to(shared)
    return project
