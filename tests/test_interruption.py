"""A kill at any moment or a full disk costs a run, never a result: run again and it finishes."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import USER
from tests.projects import make

STAGES = ["fetch", "validate", "prepare", "train", "export", "evaluate", "package"]
OVERRIDES = ("model=random_forest",)
RESULTS = [
    "data/raw/dataset.parquet",
    "data/valid/dataset.parquet",
    "data/split/train.parquet",
    "data/split/test.parquet",
    "models/native/pipeline.skops",
    "models/model.onnx",
    "reports/metrics.json",
    "reports/golden.json",
    "dist/manifest.json",
]
# In KiB: what the disk has free beyond the project, and the longest file that may be written.
FREE = [8, 24, 60, 240]
LONGEST = [1, 4, 16]


@pytest.fixture
def undisturbed(trained: Callable[..., Path]) -> dict[str, str]:
    """Return the digests of a run that nothing disturbed."""
    return digests(trained("undisturbed", *OVERRIDES))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of its own, whose size a test can set."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder))
    if mounted.returncode:
        pytest.skip(f"a disk can be mounted by root alone: {mounted.stderr.strip()}")
    yield folder
    run("umount", "--lazy", str(folder))


def test_an_input_that_is_refused_leaves_the_last_result(trained: Callable[..., Path]) -> None:
    project = trained("refused", *OVERRIDES)
    (project / "empty.csv").touch()
    before = made(project)

    done = make(project, "repro", *OVERRIDES, "source=file", "source.path=empty.csv")

    assert done.returncode != 0
    assert "error: empty.csv: the file is empty; expected a header and rows\n" in done.stderr
    assert made(project) == before


def test_after_a_kill_in_any_stage_a_run_finishes_with_the_same_digests(
    generated: Callable[..., Path], undisturbed: dict[str, str]
) -> None:
    project = generated("killed")
    moment = random.Random(42)

    hits = 0
    for stage in STAGES:
        hits += killed_in(project, stage, moment.uniform(0, 0.5))
        hits += killed_in(project, stage, None)

    assert hits >= len(STAGES), "too few kills hit their stage to tell anything"
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


def killed_in(project: Path, stage: str, delay: float | None) -> bool:
    """Run `make repro` and kill all of it, DVC too, in a stage: after a delay, or as it writes."""
    process = subprocess.Popen(
        ["make", "repro", *OVERRIDES],
        cwd=project,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (seen := is_running(stage, process.pid)) and process.poll() is None:
        time.sleep(0.01)
    if delay is not None:
        time.sleep(delay)
    else:
        while is_running(stage, process.pid) and not is_writing(project):
            time.sleep(0.001)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for_end_of(process.pid)
    return seen


def wait_for_end_of(group: int) -> None:
    """Wait until the last process of a group is dead: until then it holds DVC's lock."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        listed = (line.split() for line in run("ps", "-eo", "pgid=,stat=").stdout.splitlines())
        if not any(words[0] == str(group) and words[1][0] != "Z" for words in listed):
            return
        time.sleep(0.05)


def is_running(stage: str, group: int) -> bool:
    """Look for a stage's process by /proc: a `ps` would take as long as a short stage."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended while we looked
            words = (process / "cmdline").read_bytes()
            if f"pipeline.{stage}".encode() in words and os.getpgid(int(process.name)) == group:
                return True
    return False


def is_writing(project: Path) -> bool:
    deadline = time.monotonic() + 0.05  # looking is fast, asking whether the stage runs is not
    while time.monotonic() < deadline:
        if leftovers(project):
            return True
    return False


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
    return {file: file.read_bytes() for file in files}


def digests(project: Path) -> dict[str, str]:
    return {name: sha256((project / name).read_bytes()).hexdigest() for name in RESULTS}


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )


def clean_environment() -> dict[str, str]:
    """Return what a user's shell would have: no environment of ours."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    return {key: value for key, value in (os.environ | USER).items() if key not in ours}
