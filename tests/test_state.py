"""The state in git under what happens to it: many at once, kills, full disks, refusals."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import git, run
from tests.deploying import at_once, bare, deploy, start
from tests.git_server import git_server
from tests.projects import make

#: None of these is needed to look at the state, and each costs more than all the rest.
HEAVY = {"numpy", "pandas", "onnx", "onnxruntime", "mlflow", "bentoml", "requests", "cryptography"}
MODELS = 20
KILLS = 25
FREE = [0, 4, 8, 16, 24, 32, 48, 64]  # KiB that the disk has left
FLEET = {"GITOPS_REPO": "../fleet.git"}


@pytest.fixture
def project(generated: Callable[..., Path]) -> Path:
    """Generate a project, with a remote beside it that has its main."""
    made = generated()
    remote = bare(made.parent / "team.git")
    git(made, "remote", "add", "origin", str(remote))
    git(made, "push", "--quiet", "origin", "main")
    return made


def test_the_state_is_deployed_looked_at_rolled_back_and_audited(project: Path) -> None:
    before = git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")
    assert make(project, "history", "ENV=dev").stdout == "nothing of wine-model ran in dev yet\n"
    for number in (1, 2):
        assert deploy(project, number << 208) == ""

    rolled = make(project, "rollback", "ENV=dev", "REASON=it's slow", "CHANGE=CHG-1")

    assert rolled.stdout.startswith("dev is back at wine-model 000000000001 ("), rolled.stderr
    shown = make(project, "status").stdout
    assert "dev   000000000001" in shown
    assert "\x1b" not in shown
    assert len(make(project, "history", "ENV=dev").stdout.splitlines()) == 4
    assert make(project, "audit").stdout.startswith("3 records of wine-model: they, git's")
    assert (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")) == before
    assert git(project, "log", "-1", "--format=%b", "origin/gitops").startswith("it's slow\n")


@pytest.mark.parametrize("command", ["status", "history", "audit", "rollback"])
def test_a_look_at_the_state_imports_nothing_heavy(project: Path, command: str) -> None:
    for number in (1, 2):
        assert deploy(project, number) == ""
    code = f"import sys; from delivery.{command} import main; main(); print(*sys.modules)"

    done = run(["bin/python", "-c", code], project, {"ENV": "dev"})

    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


def test_on_a_terminal_there_is_colour_unless_it_is_not_wanted(project: Path) -> None:
    assert deploy(project, 1) == ""
    git(project, "worktree", "add", "--quiet", "build/tree", "gitops")
    (project / "build/tree/dev/wine-model/values.yaml").write_text("replicas: 9\n")
    git(project / "build/tree", "commit", "--quiet", "--all", "--message", "Quick fix")
    git(project / "build/tree", "push", "--quiet", "origin", "gitops")
    terminal = ["script", "--quiet", "--return", "--command", "bin/python -m delivery.status"]

    coloured = run([*terminal, "/dev/null"], project, {"TERM": "xterm", "NO_COLOR": ""})
    plain = run([*terminal, "/dev/null"], project, {"TERM": "xterm", "NO_COLOR": "1"})

    assert "\x1b[31m" in coloured.stdout
    assert "\x1b[31m" not in plain.stdout
    assert "edited" in plain.stdout


def test_twenty_deploys_of_twenty_models_at_once_all_land_and_none_twice(
    project: Path,
) -> None:
    fleet = bare(project.parent / "fleet.git")
    models = [f"model-{number}" for number in range(MODELS)]
    for model in models:
        git(project.parent, "clone", "--quiet", str(project), model)
        (project.parent / model / ".venv").symlink_to(project / ".venv")

    running = [
        start(project.parent / model, "dev", model, number, "wait", **FLEET)
        for number, model in enumerate(models)
    ]
    assert at_once(running) == [""] * MODELS
    assert git(fleet, "rev-list", "--count", "gitops") == str(MODELS)
    listed = git(fleet, "ls-tree", "-r", "--name-only", "gitops").splitlines()
    assert len(listed) == 3 * MODELS
    for number, model in enumerate(models):
        assert git(fleet, "show", f"gitops:dev/{model}/values.yaml") == f"replicas: {number}"


def test_of_two_deploys_of_one_model_at_once_one_lands(project: Path) -> None:
    git(project.parent, "clone", "--quiet", str(project.parent / "team.git"), "second")
    (project.parent / "second/.venv").symlink_to(project / ".venv")
    for number in range(3):
        both = [
            start(folder, "dev", "wine-model", 2 * number + which, "wait")
            for which, folder in enumerate((project, project.parent / "second"))
        ]
        said = sorted(at_once(both))

        assert said[0] == ""
        assert said[1].startswith("error: dev/wine-model: changed meanwhile by Ada <ada@")
        assert said[1].count("\n") == 1
        assert git(project.parent / "team.git", "rev-list", "--count", "gitops") == str(number + 1)


@pytest.mark.parametrize("where", ["with a remote", "alone", "a fleet's repo"])
def test_after_a_kill_at_any_moment_a_deploy_goes_on(project: Path, where: str) -> None:
    given: dict[str, str] = {}
    holder = project.parent / "team.git"
    if where == "alone":
        git(project, "remote", "remove", "origin")
        holder = project
    elif where == "a fleet's repo":
        given, holder = FLEET, bare(project.parent / "fleet.git")
    assert deploy(project, 0, **given) == ""
    moment = random.Random(where)
    known = 1
    cut = 0
    for number in range(1, KILLS + 1):
        process = start(project, "dev", "wine-model", number, **given)
        assert process.stdout
        process.stdout.readline()
        time.sleep(moment.uniform(0, 0.2))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            cut += 1
        process.communicate()
        landed = int(git(holder, "rev-list", "--count", "gitops"))
        assert landed in (known, known + 1)
        known = landed
        whole(holder, known)
        if number % 5 == 0:
            assert deploy(project, 1000 + number, **given) == ""
            known += 1

    assert cut > KILLS // 5, "too few kills came in time to tell anything"
    assert make(project, "status", environment=given).returncode == 0
    audited = make(project, "audit", environment=given)
    assert audited.stdout.startswith(f"{known} records of wine-model: they, git's"), audited.stdout
    assert git(project, "status", "--porcelain") == ""


def whole(repository: Path, records: int) -> None:
    """Assert that the branch has so many records, and the state that the last one names."""
    names = git(repository, "ls-tree", "--name-only", "gitops", "dev/wine-model/history/")
    last = git(repository, "show", f"gitops:{sorted(names.splitlines())[-1]}")
    assert len(names.splitlines()) == records
    for name in ("config", "values"):
        blob = git(repository, "rev-parse", f"gitops:dev/wine-model/{name}.yaml")
        assert f'"{name}_blob": "{blob}"' in last


@pytest.mark.parametrize("full", ["the project's", "the only", "the remote's"])
def test_on_a_full_disk_a_deploy_is_refused_and_nothing_is_half_done(
    project: Path, disk: Path, full: str
) -> None:
    team = project.parent / "team.git"
    if full == "the remote's":
        team = Path(shutil.move(team, disk / "team.git"))
        git(project, "remote", "set-url", "origin", str(team))
        folder, holder = project, team
    else:
        folder, holder = disk / "full", team
        git(project.parent, "clone", "--quiet", str(team), str(folder))
        (folder / ".venv").symlink_to(project / ".venv")
    if full == "the only":
        git(folder, "remote", "remove", "origin")
        holder = folder
    assert deploy(folder, 1) == ""

    refused = 0
    for number, free in enumerate(FREE, start=2):
        used = sum(file.lstat().st_blocks for file in disk.rglob("*")) // 2
        run(["mount", "-o", f"remount,size={used + free}k", str(disk)], None)
        before = git(holder, "rev-parse", "gitops")
        if said := deploy(folder, number):
            refused += 1
            assert said.startswith("error: ")
            # Git does not say why it could not write a branch's lock.
            assert "No space left on device" in said or "couldn't write" in said
            assert said.count("\n") == 1
            assert git(holder, "rev-parse", "gitops") == before

    assert refused
    run(["mount", "-o", "remount,size=64m", str(disk)], None)
    assert deploy(folder, 99) == ""
    audited = make(project if full != "the only" else folder, "audit").stdout
    assert audited.endswith("records of wine-model: they, git's history and the state agree\n")


def test_a_repository_of_the_state_takes_its_own_token_and_shows_it_to_nobody_else(
    project: Path,
) -> None:
    fleet = bare(project.parent / "private/fleet.git")
    somebody = project.parent / "helper"
    somebody.write_text("#!/bin/sh\necho username=x-access-token\necho password=another\n")
    somebody.chmod(0o755)
    with git_server(fleet.parent, "a-token", is_private=True) as url:
        given = {"GITOPS_REPO": f"{url}/fleet.git", "GIT_TERMINAL_PROMPT": "0"}
        given |= {"GIT_CONFIG_COUNT": "3", "GIT_CONFIG_KEY_2": "credential.helper"}
        given |= {"GIT_CONFIG_VALUE_2": str(somebody)}

        refused = deploy(project, 1, **given)
        assert deploy(project, 1, **given, GITOPS_TOKEN="a-token") == ""

    assert "Authentication failed" in refused
    assert refused.count("\n") == 1
    assert git(fleet, "log", "--format=%an", "gitops") == "Ada"
    kept = [path for path in project.rglob("*") if path.is_file() and "build" in path.parts]
    assert kept
    assert not any(b"a-token" in path.read_bytes() for path in kept)
