"""The last good result is kept until there is a better one.

DVC removes a stage's outputs before it runs the stage, and it writes dvc.lock in place: without
this, a stage that refuses its input would take the last model with it, and a full disk the lock.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from project.artefacts import (
    CURVES,
    DVC_LOCK,
    EVALUATION,
    GOLDEN,
    METRICS,
    PARAMS,
    PARITY,
    TRAINING,
    VALIDATION,
)
from project.dvc_lock import read_lock
from project.errors import UserError
from project.files import replacing, write_text

#: Outputs that git keeps and DVC's cache does not.
REPORTS = (VALIDATION, CURVES, TRAINING, PARITY, EVALUATION, METRICS, GOLDEN)
KEPT = Path("build/kept")
RUNNING = Path(".dvc/tmp/rwlock")
#: Where they refuse the data, all is put back: what they have made of it is soon made again.
OF_DATA = ("settings", "fetch", "validate", "prepare")


class StageFailedError(SystemExit):
    """A stage of this name, as far as it is known, has failed and said why: exit 1."""

    def __init__(self, stage: str | None) -> None:
        super().__init__(1)
        self.stage = stage


@contextmanager
def kept(params: str | None = None) -> Iterator[None]:
    """Run the stages within; where they fail, give back what DVC removed before it ran them.

    params: the text of params.yaml before this run, which comes back with the rest where a stage
    before train has failed.
    """
    mend()
    _keep()
    try:
        yield
    except BaseException as error:
        mend()
        if isinstance(error, StageFailedError) and error.stage in OF_DATA:
            with suppress(OSError):  # a full disk: as far as it goes, what is there is whole
                _put_back(params)
        _give_back()
        raise


def mend() -> None:
    """Put right what a full disk or a kill cut short while DVC wrote it."""
    if RUNNING.exists() and not _is_json(RUNNING):
        RUNNING.unlink()
    if not DVC_LOCK.exists() or _is_whole(DVC_LOCK):
        return
    last = KEPT / DVC_LOCK
    if last.exists() and _is_whole(last):
        _copy(last, DVC_LOCK)
    else:
        DVC_LOCK.unlink()  # DVC finds in its cache what it has run before


def _keep() -> None:
    for path in (DVC_LOCK, *REPORTS):
        if path.exists():
            _copy(path, KEPT / path)
        else:
            (KEPT / path).unlink(missing_ok=True)


def _put_back(params: str | None) -> None:
    for path in (VALIDATION, DVC_LOCK):
        if (KEPT / path).exists():
            _copy(KEPT / path, path)
    if params is not None:
        write_text(PARAMS, params)


def _give_back() -> None:
    for path in REPORTS:
        if not path.exists() and (KEPT / path).exists():
            _copy(KEPT / path, path)
    if DVC_LOCK.exists():
        # Quietly, as far as it goes: the failure has been told, and this is not a second one.
        checkout = [sys.executable, "-m", "dvc", "checkout", "--quiet"]
        subprocess.run(checkout, stderr=subprocess.DEVNULL, check=False)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def _is_whole(path: Path) -> bool:
    try:
        stages = read_lock(path.read_text(encoding="utf-8"))
        return all(
            isinstance(entry["path"], str) and isinstance(entry["md5"], str)
            for stage in stages.values()
            for entry in [*stage["deps"], *stage["outs"]]
        )
    except (UserError, KeyError, TypeError, AttributeError, ValueError):
        return False
