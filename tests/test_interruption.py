"""A kill at any moment or a full disk costs a run, never a result: run again and it finishes."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT, ROOT, USER
from tests.projects import make

STAGES = yaml.safe_load((ROOT / PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
OVERRIDES = ("model=random_forest",)
# Python imports it at its start, as src/ is on the project's path. It kills all of its process
# group, DVC and make too, when a stage's module has done some of its work, or is about to put an
# output in its place.
KILLER = """
import os, signal, sys

module, moment = os.environ.get("KILL", " ").split(" ")
file = os.path.join("src", *module.split(".")) + ".py"
started = False


def as_it_works(frame, event, _):
    global started
    if frame.f_code.co_filename.endswith(file):
        if event == "return" and started:
            os.killpg(0, signal.SIGKILL)
        started = started or frame.f_code.co_name == "main"


def as_it_writes(event, arguments):
    if event == "os.rename" and f"{arguments[1]}/".startswith(f"{moment}/"):
        os.killpg(0, signal.SIGKILL)


if sys.orig_argv[1:3] == ["-m", module]:
    sys.addaudithook(as_it_writes) if moment != "work" else sys.setprofile(as_it_works)
"""
# In KiB: what the disk has free beyond the project, and the longest file that may be written.
FREE = [8, 24, 60, 240]
LONGEST = [1, 4, 16]


@pytest.fixture
def undisturbed(trained: Callable[..., Path]) -> dict[str, str]:
    """Return the digests of a run that nothing disturbed."""
    return digests(trained("undisturbed", *OVERRIDES))


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("", "t.csv: the file is empty; expected a header and rows"),
        (
            "alcohol,ash\n1,2\n",
            "conf/dataset/wine.yaml: dataset.target.name: the data has no column",
        ),
    ],
    ids=["by fetch", "by validate"],
)
def test_an_input_that_is_refused_leaves_everything_as_it_was(
    table: str, line: str, trained: Callable[..., Path]
) -> None:
    project = trained("refused", *OVERRIDES)
    (project / "t.csv").write_text(table)
    before = made(project)

    done = make(project, "repro", *OVERRIDES, "source=file", "source.path=t.csv")

    assert done.returncode != 0
    assert f"error: {line}" in done.stderr
    assert made(project) == before


def test_after_a_kill_in_any_stage_a_run_finishes_with_the_same_digests(
    generated: Callable[..., Path], undisturbed: dict[str, str]
) -> None:
    project = generated("killed")
    (project / "src/sitecustomize.py").write_text(KILLER)

    for stage, entry in STAGES.items():
        outs = outputs(entry)
        for moment in dict.fromkeys(["work", outs[0], outs[-1]]):
            code = killed_at(project, entry["cmd"].split()[2], moment)
            assert code == -signal.SIGKILL, f"{stage} was not killed: {moment}"

    done = make(project, "repro", *OVERRIDES)
    assert done.returncode == 0, done.stderr
    assert digests(project) == undisturbed
    assert leftovers(project) == []


def test_after_a_full_disk_a_run_finishes_with_the_same_digests(
    generated: Callable[..., Path], undisturbed: dict[str, str], disk: Path
) -> None:
    project = Path(shutil.move(generated("full"), disk / "full"))
    used = sum(file.lstat().st_blocks for file in project.rglob("*")) // 2

    for free in FREE:
        run("mount", "-o", f"remount,size={used + free}k", str(disk))
        assert_refused_in_short(make(project, "repro", *OVERRIDES))

    run("mount", "-o", "remount,size=64m", str(disk))
    done = make(project, "repro", *OVERRIDES)
    assert done.returncode == 0, done.stderr
    assert digests(project) == undisturbed
    assert leftovers(project) == []


def test_after_files_that_could_not_grow_a_run_finishes_with_the_same_digests(
    generated: Callable[..., Path], undisturbed: dict[str, str]
) -> None:
    project = generated("limited")

    for longest in LONGEST:
        limited = f"ulimit -f {2 * longest} && exec make repro {' '.join(OVERRIDES)}"
        assert_refused_in_short(run("sh", "-c", limited, cwd=project))

    done = make(project, "repro", *OVERRIDES)
    assert done.returncode == 0, done.stderr
    assert digests(project) == undisturbed


def killed_at(project: Path, module: str, moment: str) -> int:
    """Run `make repro` and have all of it killed in a stage; return how it ended."""
    process = subprocess.Popen(
        ["make", "repro", *OVERRIDES],
        cwd=project,
        env=clean_environment() | {"KILL": f"{module} {moment}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    code = process.wait()
    wait_for_end_of(process.pid)
    return code


def wait_for_end_of(group: int) -> None:
    """Wait until the last process of a group is gone: until then DVC takes it for running."""
    deadline = time.monotonic() + 30
    while str(group) in run("ps", "-eo", "pgid=").stdout.split():
        assert time.monotonic() < deadline, "a process that was killed has not gone"
        time.sleep(0.05)


def leftovers(project: Path) -> list[Path]:
    folders = ("build", "data", "dist", "models", "reports")
    return [file for folder in folders for file in (project / folder).rglob(".*.tmp")]


def assert_refused_in_short(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert 1 <= len(told) <= 3, done.stderr


def made(project: Path) -> dict[Path, bytes]:
    folders = [project / name for name in ("data", "dist", "models", "reports")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    files += [project / "dvc.lock", project / "params.yaml"]
    return {file: file.read_bytes() for file in files}


def outputs(stage: dict[str, Any]) -> list[str]:
    """List what a stage writes."""
    entries = [*stage["outs"], *stage.get("metrics", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def digests(project: Path) -> dict[str, str]:
    """Return the digest of each file that the stages wrote."""
    written = [project / path for stage in STAGES.values() for path in outputs(stage)]
    files = [file for path in written for file in [path, *path.rglob("*")] if file.is_file()]
    return {str(file.relative_to(project)): sha256(file.read_bytes()).hexdigest() for file in files}


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )


def clean_environment() -> dict[str, str]:
    """Return what a user's shell would have: no environment of ours."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    return {key: value for key, value in (os.environ | USER).items() if key not in ours}
