"""A file is the old one or the new one, whatever happens while it is written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from project.files import read_json, replacing, sha256, write_json, write_text


def test_a_file_is_replaced(folder: Path) -> None:
    write_text(Path("deep/a.txt"), "old")
    write_text(Path("deep/a.txt"), "new")

    assert (folder / "deep/a.txt").read_text() == "new"
    assert names(folder / "deep") == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(folder: Path) -> None:
    for name in ("old", "new"):
        with replacing(Path("plots")) as temporary:
            temporary.mkdir()
            (temporary / name).touch()

    assert names(folder / "plots") == ["new"]


def test_a_failure_leaves_the_old_file_and_nothing_else(folder: Path) -> None:
    write_text(Path("a.txt"), "old")

    with pytest.raises(OSError, match="No space left"):
        write_half(Path("a.txt"))

    assert (folder / "a.txt").read_text() == "old"
    assert names(folder) == ["a.txt"]


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    Path(f".a.txt.{dead.pid}.tmp").write_text("half")
    Path(f".a.txt.{os.getppid()}.tmp").write_text("another process is at it")

    write_text(Path("a.txt"), "new")

    assert names(folder) == [f".a.txt.{os.getppid()}.tmp", "a.txt"]


def test_json_is_the_same_text_for_the_same_value(folder: Path) -> None:
    write_json(Path("a.json"), {"ä": [1, 0.1]})
    write_json(Path("b.json"), {"ä": [1, 0.1]})

    assert read_json(Path("a.json")) == {"ä": [1, 0.1]}
    assert sha256(Path("a.json")) == sha256(Path("b.json"))


def test_json_has_no_nan(folder: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(Path("a.json"), {"a": float("nan")})

    assert names(folder) == []


def write_half(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
