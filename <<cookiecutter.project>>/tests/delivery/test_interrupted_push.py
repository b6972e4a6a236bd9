"""A push to a folder is killed at each of its steps: nothing is tagged that is not whole."""

import itertools
import multiprocessing
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from delivery import packages
from delivery.push import push_package
from delivery.registry.folder import Folder
from delivery.sign import signed_package
from project.oci import REF_NAME, read_index

LAYOUT = Path("registry/toy")
FEWEST_STEPS = 20  # 13 blobs, 6 manifests, and the index eight times


def test_a_push_killed_at_any_step_tags_nothing_and_the_next_one_finishes(package: Path) -> None:
    signed = signed_package()
    for step in itertools.count():
        shutil.rmtree(LAYOUT, ignore_errors=True)
        if not push_killed_at(step):
            break
        for entry in read_index(LAYOUT) if (LAYOUT / "index.json").exists() else []:
            assert Folder(LAYOUT).has_manifest(entry.digest)
            assert REF_NAME not in entry.annotations

        push_package(Folder(LAYOUT), signed)
        assert packages.resolve(signed.manifest["version"]) == signed.digest
        assert Folder(LAYOUT).has_manifest(signed.digest)
        assert len(Folder(LAYOUT).referrers(signed.digest)) == 5

    assert step >= FEWEST_STEPS


def push_killed_at(step: int) -> bool:
    """Push in a process that is killed as it renames a file for so many times; was it killed?"""
    process = multiprocessing.get_context("fork").Process(target=push_and_die, args=(step,))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def push_and_die(step: int) -> None:
    left = step

    def die(event: str, _: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "os.rename":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)
    push_package(Folder(LAYOUT), signed_package())
