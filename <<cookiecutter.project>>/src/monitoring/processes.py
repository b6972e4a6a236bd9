"""Servers that live as long as a block does, and no longer, whatever ends it."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from project.ending import told_afterwards
from project.errors import UserError

START_SECONDS, END_SECONDS = 60.0, 15.0
NOTHING: Mapping[str, str] = {}


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    ready: str,
    log: Path,
    environment: Mapping[str, str] = NOTHING,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server whose URL `ready` answers with 200 once it is up; its words go to `log`.

    Raises `UserError` with its last line where it ends before.
    """
    process = None
    try:
        with log.open("wb") as words, told_afterwards():
            process = subprocess.Popen(
                command,
                stdout=words,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,  # a terminal's Ctrl-C reaches us, and the server by us
            )
        _wait_until_ready(name, process, ready, log)
        yield process
    finally:
        if process:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, by force where it does not follow."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise UserError(
                f"{name} did not start: {said[-1] if said else 'it said nothing'}; {log}"
            )
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):  # HTTPError, too, is an OSError
        return False
