"""From data to a judged, registered model and its report: `make repro`."""

import os
import subprocess
import sys
import threading
from typing import IO

from project.artefacts import EVALUATION
from project.errors import UserError, one_line
from project.files import read_json
from project.last_result import kept
from project.overrides import overrides_from_make
from project.params import write


def repro(overrides: list[str]) -> None:
    """Compose conf/, run the stages that changed, register what passed, and sum up.

    Raises `UserError` where a stage failed or the verdict is `refused`.
    """
    write(overrides)
    with kept():
        _run_stages()
    evaluation = read_json(EVALUATION)
    if evaluation["verdict"] == "passed":
        _run("tracking.register")
    _run("reporting.page")
    _run("reporting.summary")
    if evaluation["verdict"] != "passed":
        raise UserError(f"refused: {'; '.join(evaluation['reasons'])}")


def _run_stages() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    relay = threading.Thread(target=_relay, args=(process.stderr,))
    relay.start()
    code = process.wait()
    relay.join()
    if code:
        sys.exit(1)  # the stage has said why


def _relay(stream: IO[str]) -> None:
    """Pass stderr on, but for DVC's repetition of a failure that the stage has explained."""
    explained = False
    for line in stream:
        explained = explained or line.startswith("error: ")
        if not (explained and line.startswith("ERROR: failed to reproduce")):
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
