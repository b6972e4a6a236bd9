"""Deploys of small packages through all gates: many at once, killed anywhere, on a full disk."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import USER, git, run
from tests.deploying import bare

MODELS = 20
#: How many of a deploy's steps are between one kill and the next.
STRIDE = 6
FREE = [0, 32, 128]  # KiB that the disk has left
#: In whose words the disk is full: the system's, or git's.
NO_SPACE = ("No space left", "couldn't write", "Out of diskspace")
#: Make a project for each name, whose model is wrong by so much.
PREPARE = """
import os, sys
from pathlib import Path
from tests.delivery.deployable import make_project, train
for named in sys.argv[2:]:
    folder, bias = named.split("=")
    where = Path(sys.argv[1], folder)
    if not where.exists():
        where.mkdir()
        os.chdir(where)
        make_project(folder)
    os.chdir(where)
    train(float(bias))
"""
#: Deploy, and be killed with all that was started at the step that STEPS names.
DEPLOY = """
import os, signal, sys
from project.errors import one_line
from delivery.deploy import main

steps = 0

def step(event, _):
    global steps
    if event in ("subprocess.Popen", "os.rename"):
        steps += 1
        if steps == int(os.environ.get("STEPS", 0)):
            os.killpg(0, signal.SIGKILL)

sys.addaudithook(step)
one_line(main)
print(steps)
"""
#: A remote that takes its time, so that others come meanwhile.
SLOW = "#!/bin/sh\nsleep 0.3\n"


@pytest.fixture
def project(generated: Callable[..., Path]) -> Path:
    """Generate the project whose code deploys the small ones."""
    return generated("code")


def prepare(project: Path, where: Path, **named: float) -> None:
    """Make small projects that are ready to be deployed, or train them again."""
    listed = [f"{name}={bias}" for name, bias in named.items()]
    done = run([str(project / ".venv/bin/python"), "-c", PREPARE, str(where), *listed], project,
               {"PYTHONPATH": "src:.", "PYTHONDONTWRITEBYTECODE": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr


def start(project: Path, folder: Path, **given: str) -> subprocess.Popen[str]:
    """Start `make deploy ENV=dev` without make, in a group of its own. MLflow does not answer."""
    known = {"PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1", "ENV": "dev"}
    known |= {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    return subprocess.Popen(
        [project / ".venv/bin/python", "-c", DEPLOY],
        cwd=folder,
        env=os.environ | USER | known | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def deployed(project: Path, folder: Path, **given: str) -> str:
    """Deploy and return what was said, having seen that it went well."""
    process = start(project, folder, **given)
    said, wrong = process.communicate()
    assert process.returncode == 0, wrong
    return said


def records(repository: Path, model: str) -> list[str]:
    folder = f"dev/{model}/history/"
    return git(repository, "ls-tree", "--name-only", "gitops", folder).splitlines()


def is_tagged(folder: Path) -> bool:
    """Tell whether a tag points to anything in the registry of a small project."""
    index = folder / "registry/toy/index.json"
    return index.exists() and "ref.name" in index.read_text()


def test_twenty_deploys_of_twenty_models_at_once_all_land_and_none_twice(
    project: Path, tmp_path: Path
) -> None:
    fleet = bare(tmp_path / "fleet.git")
    models = [f"model-{number}" for number in range(MODELS)]
    prepare(project, tmp_path, **dict.fromkeys(models, 1.0))
    running = [start(project, tmp_path / model, GITOPS_REPO=str(fleet)) for model in models]
    ended = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * MODELS, ended
    assert git(fleet, "rev-list", "--count", "gitops") == str(MODELS)
    assert [len(records(fleet, model)) for model in models] == [1] * MODELS


def test_of_two_deploys_of_one_model_at_once_one_lands(project: Path, tmp_path: Path) -> None:
    fleet = bare(tmp_path / "fleet.git")
    hook = fleet / "hooks/pre-receive"
    hook.write_text(SLOW)
    hook.chmod(0o755)
    prepare(project, tmp_path, toy=1.0)
    shutil.copytree(tmp_path / "toy", tmp_path / "again")
    both = [start(project, tmp_path / name, GITOPS_REPO=str(fleet)) for name in ("toy", "again")]
    ended = [process.communicate() for process in both]

    assert sorted(process.returncode for process in both) == [0, 1], ended
    second = next(number for number, process in enumerate(both) if process.returncode)
    lost = ended[second][1]
    assert lost.startswith("error: dev/toy: changed meanwhile by Ada <ada@example.org> (")
    assert lost.count("\n") == 1  # nor was MLflow asked for an alias, which would warn
    assert len(records(fleet, "toy")) == 1
    assert not is_tagged(tmp_path / ("toy", "again")[second])


def test_after_a_kill_at_any_step_a_deploy_goes_on(project: Path, tmp_path: Path) -> None:
    fleet = bare(tmp_path / "fleet.git")
    prepare(project, tmp_path, toy=2.0)
    folder, where = tmp_path / "toy", {"GITOPS_REPO": str(fleet)}
    steps = int(deployed(project, folder, **where).splitlines()[-1])
    prepare(project, tmp_path, toy=1.0)
    before = git(fleet, "rev-parse", "gitops")

    landed = False
    for step in range(1, steps + STRIDE, STRIDE):
        process = start(project, folder, **where, STEPS=str(step))
        said = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, said
        landed = landed or git(fleet, "rev-parse", "gitops") != before
        assert len(records(fleet, "toy")) == 1 + landed
    assert step > STRIDE
    last = deployed(project, folder, **where)
    assert ("runs toy" in last) or not landed
    assert len(records(fleet, "toy")) == 2
    audited = run(
        [str(project / ".venv/bin/python"), "-m", "delivery.audit"],
        folder,
        where | {"PYTHONPATH": str(project / "src")},
    )
    assert audited.stdout.startswith("2 records of toy: they, git's"), audited.stderr
    assert git(folder, "status", "--porcelain") == ""


def test_on_a_full_disk_a_deploy_is_refused_and_nothing_is_half_done(
    project: Path, tmp_path: Path, disk: Path
) -> None:
    team = bare(tmp_path / "team.git")
    prepare(project, disk, toy=1.0)
    folder = disk / "toy"
    git(folder, "remote", "add", "origin", str(team))
    git(folder, "push", "--quiet", "origin", "main")
    refused = 0
    for free in FREE:
        used = sum(file.lstat().st_blocks for file in disk.rglob("*")) // 2
        run(["mount", "-o", f"remount,size={used + free}k", str(disk)], None)
        process = start(project, folder)
        _, said = process.communicate()
        if process.returncode == 0:
            break
        refused += 1
        assert process.returncode == 1, said
        lines = [line for line in said.splitlines() if not line.startswith("warning: ")]
        assert len(lines) == 1, said
        assert lines[0].startswith("error: ")
        assert any(words in said for words in NO_SPACE), said
        assert git(team, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
        assert not is_tagged(folder)
        assert "warning: alias" not in said

    assert refused
    run(["mount", "-o", "remount,size=64m", str(disk)], None)
    assert "toy" in deployed(project, folder)
    assert len(records(team, "toy")) == 1
