"""Push and pull are killed at each of their steps: nothing that is not whole is taken for it."""

import itertools
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from delivery import packages
from delivery.push import push_package
from delivery.registry.folder import Folder
from delivery.sign import signed_package
from project.oci import REF_NAME, read_index

from .conftest import files_below

LAYOUT = Path("registry/toy")
FEWEST_STEPS = 12  # as many files, at least


def test_a_push_killed_at_any_step_tags_nothing_and_the_next_one_finishes(package: Path) -> None:
    signed = signed_package()
    for step in itertools.count():
        shutil.rmtree(LAYOUT, ignore_errors=True)
        if not killed_at(step, push):
            break
        for entry in read_index(LAYOUT) if (LAYOUT / "index.json").exists() else []:
            assert Folder(LAYOUT).has_manifest(entry.digest)
            assert REF_NAME not in entry.annotations

        push_package(Folder(LAYOUT), signed)
        assert packages.resolve(signed.manifest["version"]) == signed.digest
        assert Folder(LAYOUT).has_manifest(signed.digest)
        assert len(Folder(LAYOUT).referrers(signed.digest)) == 5

    assert step >= FEWEST_STEPS


def test_a_pull_killed_at_any_step_leaves_nothing_and_the_next_one_finishes(package: Path) -> None:
    digest = push()
    folder = Path("build/pulled", digest.removeprefix("sha256:"))
    for step in itertools.count():
        shutil.rmtree(folder, ignore_errors=True)
        if not killed_at(step, lambda: packages.fetch(digest)):
            break
        assert not folder.exists()

        packages.fetch(digest)
        assert files_below(folder) == files_below(package)
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]

    assert step >= FEWEST_STEPS


def push() -> str:
    return push_package(Folder(LAYOUT), signed_package()).digest


def killed_at(step: int, action: Callable[[], object]) -> bool:
    """Act in a process that is killed as it renames a file for so many times; was it killed?"""
    process = multiprocessing.get_context("fork").Process(target=act_and_die, args=(step, action))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def act_and_die(step: int, action: Callable[[], object]) -> None:
    left = step

    def die(event: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "os.rename":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)
    action()
