"""From data to a judged, registered model and its report: `make repro`."""

import os
import subprocess
import sys
import threading
from typing import IO

from project.errors import UserError, one_line
from project.last_result import kept
from project.overrides import overrides_from_make
from project.params import write


def repro(overrides: list[str]) -> None:
    """Compose conf/, run the stages that changed, register what passed, and sum up.

    Raises `UserError` where a stage failed or the verdict is `refused`.
    """
    write(overrides)
    try:
        with kept():
            _run_stages()
    except RefusedError:
        _sum_up()  # so that one can look at what was refused
        raise
    _run("tracking.register")
    _sum_up()


class RefusedError(UserError):
    """The stage package has refused the model for its verdict."""


def _sum_up() -> None:
    _run("reporting.page")
    _run("reporting.summary")


def _run_stages() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    refusals: list[str] = []
    relay = threading.Thread(target=_relay, args=(process.stderr, refusals))
    relay.start()
    code = process.wait()
    relay.join()
    if refusals:
        raise RefusedError(refusals[0])
    if code:
        sys.exit(1)  # the stage has said why


def _relay(stream: IO[str], refusals: list[str]) -> None:
    """Pass stderr on, but for DVC's repetition of a failure that the stage has explained.

    A refusal is kept for the end: what one can look at comes before it.
    """
    explained = False
    for line in stream:
        explained = explained or line.startswith("error: ")
        if line.startswith("error: refused: "):
            refusals.append(line.removeprefix("error: "))
        elif not (explained and line.startswith("ERROR: failed to reproduce")):
            sys.stderr.write(line)
            sys.stderr.flush()


def _run(module: str) -> None:
    # A process of its own: what it imports costs no other one.
    if subprocess.run([sys.executable, "-m", module]).returncode:
        sys.exit(1)


def main() -> None:
    """Take overrides from the command line, or from make's."""
    repro(sys.argv[1:] or overrides_from_make(os.environ.get("MAKEFLAGS", "")))


if __name__ == "__main__":
    one_line(main)
