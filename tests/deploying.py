"""Deploys of packages that need not exist: what is looked at is the state in git."""

import os
import subprocess
from pathlib import Path

from tests.conftest import USER, git

#: Look at what runs, say so, wait for a line where one is asked for, then change it.
DEPLOY = """
import sys
from delivery.state.record import Record, State
from delivery.state.store import StateStore
from project.errors import one_line

def deploy(environment, model, number, wait):
    store = StateStore.open()
    seen = store.current(environment, model)
    print("seen", flush=True)
    if wait:
        sys.stdin.readline()
    digest = f"sha256:{int(number):064x}"
    config = {"model": model, "environment": environment, "digest": digest}
    record = Record(action="deploy", environment=environment, model=model, digest=digest,
                    commit="0" * 40, replaced=seen and seen.record.id)
    store.change(environment, model, State.of(config, {"replicas": int(number)}), record)

one_line(lambda: deploy(*sys.argv[1:4], wait=sys.argv[4:]))
"""


def start(
    project: Path, environment: str, model: str, number: int, *wait: str, **given: str
) -> subprocess.Popen[str]:
    """Start a deploy in a group of its own."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    return subprocess.Popen(
        ["bin/python", "-c", DEPLOY, environment, model, str(number), *wait],
        cwd=project,
        env={key: value for key, value in (os.environ | USER | given).items() if key not in ours},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def deploy(project: Path, number: int, model: str = "wine-model", **given: str) -> str:
    """Deploy to dev and return what was said on stderr: nothing where it went well."""
    process = start(project, "dev", model, number, **given)
    _, said = process.communicate()
    assert (process.returncode == 0) == (said == ""), said
    return said


def at_once(waiting: list[subprocess.Popen[str]]) -> list[str]:
    """Let deploys that wait go on together; return what each said on stderr."""
    for process in waiting:
        assert process.stdout
        assert process.stdout.readline() == "seen\n", process.communicate()[1]
    for process in waiting:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate()[1] for process in waiting]


def bare(folder: Path) -> Path:
    """Make an empty repository to push to."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    return folder
