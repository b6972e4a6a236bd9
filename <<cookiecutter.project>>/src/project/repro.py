"""From data to a judged, registered model and its report: `make repro`."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator

from project.artefacts import PARAMS
from project.errors import UserError, one_line
from project.last_result import StageFailedError, kept
from project.overrides import overrides_from_make
from project.params import write
from project.stage_progress import Write, stage_progress

#: DVC's own, with the blank lines that part it from the rest; and a verdict that the end tells.
LEFT_OUT = re.compile(
    r"\s*$|(Generating|Updating) lock file |To (track the changes with git|enable auto staging), "
    r"|refused: |\t(git add|dvc config core\.autostage) |Use `dvc push` "
)
FAILED = re.compile(r"ERROR: failed to reproduce '(\w+)'")


def repro(overrides: list[str], is_trial: bool = False) -> None:
    """Compose conf/, run the stages that changed, register what passed, and sum up.

    is_trial: in a clone whose files nobody keeps: nothing is registered, nor is there a next step.
    Raises `UserError` where a stage failed or the verdict is `refused`.
    """
    before = PARAMS.read_text(encoding="utf-8") if PARAMS.exists() else None
    write(overrides)
    try:
        with kept(before):
            _run_stages()
    except RefusedError:
        _sum_up(is_trial)  # so that one can look at what was refused
        raise
    if not is_trial:
        _run("tracking.register")
    _sum_up(is_trial)


class RefusedError(UserError):
    """The stage package has refused the model for its verdict."""


def _sum_up(is_trial: bool) -> None:
    _run("reporting.page")
    _run("reporting.summary", *(["trial"] if is_trial else []))


def _run_stages() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},  # what a stage says is read as it says it
    )
    assert process.stdout
    assert process.stderr
    refusals: list[str] = []
    failed: list[str] = []
    with stage_progress() as (say, complain):
        streams = (
            (telling(process.stdout), say),
            (unexplained(process.stderr, refusals, failed), complain),
        )
        relays = [threading.Thread(target=_relay, args=pair) for pair in streams]
        for relay in relays:
            relay.start()
        code = process.wait()
        for relay in relays:
            relay.join()
    if refusals:
        raise RefusedError(refusals[0])
    if code:
        raise StageFailedError(failed[0] if failed else None)


def _relay(lines: Iterable[str], write: Write) -> None:
    for line in lines:
        write(line)


def telling(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what DVC says of its own files, its advice, and what is said again at the end."""
    return (line for line in lines if not LEFT_OUT.match(line))


def unexplained(lines: Iterable[str], refusals: list[str], failed: list[str]) -> Iterator[str]:
    """Leave out DVC's repetition of a failure that the stage has explained.

    A refusal is put into `refusals`, for the end: what one can look at comes before it. The name
    of a stage that has failed is put into `failed`.
    """
    explained = False
    for line in lines:
        if stage := FAILED.match(line):
            failed.append(stage[1])
        explained = explained or line.startswith("error: ")
        if line.startswith("error: refused: "):
            refusals.append(line.removeprefix("error: "))
        elif not (explained and line.startswith("ERROR: failed to reproduce")):
            yield line


def _run(module: str, *words: str) -> None:
    # A process of its own: what it imports costs no other one.
    if subprocess.run([sys.executable, "-m", module, *words]).returncode:
        sys.exit(1)


def main() -> None:
    """Take overrides from the command line, or from make's."""
    repro(sys.argv[1:] or overrides_from_make(os.environ.get("MAKEFLAGS", "")))


if __name__ == "__main__":
    one_line(main)
