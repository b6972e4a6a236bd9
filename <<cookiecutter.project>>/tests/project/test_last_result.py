"""The last good result outlives a stage that fails and a lock that was cut short."""

from collections.abc import Callable
from pathlib import Path

import pytest

from project.artefacts import PARAMS
from project.last_result import KEPT, RUNNING, StageFailedError, kept, mend

LOCK = """\
schema: '2.0'
stages:
  fetch:
    cmd: bin/python -m pipeline.fetch
    deps:
    - path: data.csv
      md5: 0cc175b9c0f1b6a831c399e269772661
    outs:
    - path: data/raw/dataset.parquet
      md5: 92eb5ffee6ae2fec3ad71c777531578f
"""
CUT_SHORT = [0, 1, 20, 30, 60, 80, 95, 105, 160]
VALIDATION, PARITY = Path("reports/validation.json"), Path("reports/parity.json")


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where a run has written a lock and a report, and DVC has nothing to check out."""
    monkeypatch.setattr("subprocess.run", lambda *_, **__: None)
    (folder / "dvc.lock").write_text(LOCK)
    (folder / "reports").mkdir()
    (folder / VALIDATION).write_text("good")
    return folder


@pytest.mark.parametrize("length", CUT_SHORT)
def test_a_lock_that_was_cut_short_is_the_last_whole_one_again(length: int, project: Path) -> None:
    with kept():
        pass
    (project / "dvc.lock").write_text(LOCK[:length])

    mend()

    assert (project / "dvc.lock").read_text() == LOCK


def test_a_lock_that_was_cut_short_in_the_first_run_is_removed(folder: Path) -> None:
    (folder / "dvc.lock").write_text("")

    mend()

    assert not (folder / "dvc.lock").exists()


def test_a_whole_lock_stays(project: Path) -> None:
    with kept():
        pass
    newer = LOCK.replace("data.csv", "other.csv")
    (project / "dvc.lock").write_text(newer)

    mend()

    assert (project / "dvc.lock").read_text() == newer


@pytest.mark.parametrize(("text", "stays"), [("", False), ('{"a', False), ("{}", True)])
def test_dvcs_note_of_what_runs_is_whole_or_removed(text: str, stays: bool, project: Path) -> None:
    RUNNING.parent.mkdir(parents=True)
    RUNNING.write_text(text)

    mend()

    assert RUNNING.exists() is stays


def test_a_failure_gives_back_what_dvc_removed_and_keeps_what_the_stage_wrote(
    project: Path,
) -> None:
    def stage() -> None:
        (project / VALIDATION).unlink()
        (project / PARITY).write_text("why it failed")

    fail(stage)

    assert (project / VALIDATION).read_text() == "good"
    assert (project / PARITY).read_text() == "why it failed"


@pytest.mark.parametrize(("stage", "is_back"), [("validate", True), ("train", False)])
def test_where_the_data_is_refused_all_is_put_back(
    stage: str, is_back: bool, project: Path
) -> None:
    before = state(project, "seed: 1\n", LOCK, "good")

    def run() -> None:
        with kept("seed: 1\n"):
            state(project, "seed: 2\n", LOCK.replace("data.csv", "bad.csv"), "bad")
            raise StageFailedError(stage)

    with pytest.raises(SystemExit) as stopped:
        run()

    assert stopped.value.code == 1
    now = [path.read_text() for path in (PARAMS, project / "dvc.lock", project / VALIDATION)]
    assert (now == before) is is_back


def test_a_report_that_was_gone_before_does_not_come_back(project: Path) -> None:
    with kept():
        pass
    (project / VALIDATION).unlink()

    fail(lambda: None)

    assert not (project / VALIDATION).exists()
    assert not (KEPT / VALIDATION).exists()


def state(project: Path, params: str, lock: str, validation: str) -> list[str]:
    texts = {PARAMS: params, project / "dvc.lock": lock, project / VALIDATION: validation}
    for path, text in texts.items():
        path.write_text(text)
    return list(texts.values())


def fail(stage: Callable[[], None]) -> None:
    def run() -> None:
        with kept():
            stage()
            raise SystemExit(1)

    with pytest.raises(SystemExit):
        run()
