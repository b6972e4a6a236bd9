"""The environment of a project on a machine that has Python and nothing else."""

import ast
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT, ROOT, run

SCRIPT = ROOT / PROJECT / "src/project/environment.py"
LOCKS = ROOT / PROJECT / "requirements"
#: A small library of what serves, which brings nothing with it.
SMALL = re.compile(r"^six==\S+(?: ;[^\\\n]+)?(?: \\\n +--hash=\S+)+\n", re.MULTILINE)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Return a lock of one library, as requirements/serving.txt has it."""
    found = SMALL.search((LOCKS / "serving.txt").read_text())
    assert found
    lock = tmp_path / "requirements/small.txt"
    lock.parent.mkdir()
    lock.write_text(found.group())
    return lock


def test_a_lock_without_uv_is_installed_by_that_of_another(tmp_path: Path, lock: Path) -> None:
    shutil.copy(LOCKS / "keras.txt", lock.parent)

    done = run([sys.executable, str(SCRIPT), "--lock", str(lock)], tmp_path, {"PATH": "/nowhere"})

    assert done.returncode == 0, done.stderr
    imported = run([".venv/bin/python", "-c", "import six"], tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert (tmp_path / ".venv/installed.txt").read_bytes() == lock.read_bytes()


@pytest.mark.parametrize("found", ["3.9", "3.14"])
def test_another_python_than_the_locks_is_refused_before_anything_is_made(
    found: str, tmp_path: Path, lock: Path
) -> None:
    version = tuple(map(int, found.split(".")))
    code = f"import runpy, sys; sys.version_info = {(*version, 0)}; del sys.argv[0]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"

    done = run([sys.executable, "-c", code, str(SCRIPT), "--lock", str(lock)], tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        f"error: this is Python {found}, the lock is for 3.11 to 3.13; "
        "type: make setup PYTHON=python3.12\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_python_that_is_too_old_can_read_the_script() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 8))

    # Else Python 3.9 stops at the first `str | Path` of an annotation.
    imports = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert imports[0] == "__future__"


def test_where_no_lock_has_uv_it_is_said(tmp_path: Path, lock: Path) -> None:
    done = run([sys.executable, str(SCRIPT), "--lock", str(lock)], tmp_path, {"PATH": "/nowhere"})

    assert done.returncode == 1
    assert done.stderr == (
        f"error: {lock}: neither it nor a lock beside it has a line uv==…; type: make lock\n"
    )
    assert not (tmp_path / ".venv/installed.txt").exists()
