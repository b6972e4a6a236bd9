"""A folder of its own for each test, and the check that a refusal is one line and no more."""

import gc
import importlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from project.errors import one_line

Main = Callable[[], None]
Once = Callable[[str, Callable[[], object]], None]

MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # bytes
# Tests commit thousands of times: what they write need not outlive a power cut, nor be tidied.
QUICKLY = {"core.fsync": "none", "gc.auto": "0", "maintenance.auto": "false"}
# Folders of tests that run git, or import evidently, mlflow, scikit-learn and its converter.
WEIGHTY = {
    "delivery": "git",
    "monitoring": "libraries",
    "pipeline": "libraries",
    "serving": "libraries",
    "tracking": "libraries",
}
# Libraries bring hundreds of thousands of objects, which the collector need not go through often.
gc.set_threshold(50_000, 50, 50)


def pytest_configure() -> None:
    """Have git be quick, beside what whoever runs the tests has told it, and write to memory."""
    os.environ |= quickly(int(os.environ.get("GIT_CONFIG_COUNT") or 0))
    os.environ |= in_memory()
    tempfile.tempdir = None  # asked for before


def in_memory() -> dict[str, str]:
    """Return the variable by which files of tests are in memory, where there is room.

    On a slow disk the tests take twice as long, and wait for it most of that.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return {}
    disk = os.statvfs(MEMORY)
    has_room = disk.f_bavail * disk.f_frsize >= ROOM and not disk.f_flag & os.ST_NOEXEC
    return {"TMPDIR": str(MEMORY)} if has_room else {}


def quickly(first: int = 0) -> dict[str, str]:
    """Return git's variables that make it quick, numbered from `first` on."""
    told = {"GIT_CONFIG_COUNT": str(first + len(QUICKLY))}
    for number, (key, value) in enumerate(QUICKLY.items(), first):
        told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return told


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one of two workers import the large libraries, and the other one run git.

    Each begins with one half of the list; whoever is done first takes from the end of the other
    half, which is light.
    """
    kinds: dict[str, list[pytest.Item]] = {"git": [], "libraries": [], "light": []}
    for item in items:
        kinds[WEIGHTY.get(item.nodeid.split("/")[1], "light")].append(item)
    light = max(0, len(items) // 2 - len(kinds["git"]))
    items[:] = [
        *kinds["git"],
        *kinds["light"][:light],
        *kinds["libraries"],
        *kinds["light"][light:],
    ]


def pytest_collection_finish() -> None:
    """Spare the collector what stays to the end: it would go through it again and again."""
    gc.freeze()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, as a stage works in the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Return a function that fills the working folder: the first time by `make`, then by a copy."""

    def fill(name: str, make: Callable[[], object]) -> None:
        kept = tmp_path_factory.getbasetemp() / "once" / name
        if kept.exists():
            for path in Path().iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(kept, Path(), dirs_exist_ok=True)
        else:
            make()
            shutil.copytree(Path(), kept)

    return fill


@pytest.fixture
def refusal(folder: Path) -> Callable[[Main], str]:
    """Run a main that must refuse; return its line, having seen that no file has changed."""

    def run(main: Main) -> str:
        before = contents(folder)
        with pytest.raises(SystemExit) as stopped:
            one_line(main)
        line = str(stopped.value.code)  # a text: Python prints it to stderr and exits with 1
        assert line.startswith("error: ")
        assert line.isprintable()
        assert contents(folder) == before
        return line

    return run


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run modules of other packages in this process: to start one takes a second each time."""

    def run(
        name: str, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        code: object = None
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            patched.setattr("sys.argv", [name, *arguments])
            for key, value in (env or {}).items():
                patched.setenv(key, value)
            patched.chdir(cwd or Path())
            try:
                one_line(importlib.import_module(name).main)
            except SystemExit as ended:
                code = ended.code
        if isinstance(code, str):  # Python prints it to stderr and exits with 1
            return subprocess.CompletedProcess(name, 1, out.getvalue(), f"{err.getvalue()}{code}\n")
        return subprocess.CompletedProcess(name, code or 0, out.getvalue(), err.getvalue())

    monkeypatch.setattr("project.module.run_module", run)


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Return every file and folder below, with its bytes."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
