"""No verdict takes another's place, and none comes without its page and its metrics."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from monitoring import drift, simulate, verdict_files
from monitoring.verdict_files import reserve
from project.artefacts import DRIFT

pytestmark = pytest.mark.usefixtures("without_evidently")
NOW = datetime(2099, 11, 21, 14, 22, 14, tzinfo=UTC)
LINES = Path("data/predictions/a.jsonl")


class StoppedClock(datetime):
    """Says the same each time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "StoppedClock":
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture
def recorded(made: Callable[..., Path], call: Callable[..., int]) -> Path:
    """Return a project with 400 recorded predictions."""
    folder = made()
    call(simulate.main, DRIFT="none", ROWS=400, OUT=LINES)
    return folder


def test_several_verdicts_of_one_second_are_all_kept_in_their_order(
    recorded: Path,
    call: Callable[..., int],
    verdicts: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drift, "datetime", StoppedClock)

    for lines in (20, 15, 10):  # of twenty rows
        LINES.write_bytes(b"".join(LINES.read_bytes().splitlines(keepends=True)[:lines]))
        assert call(drift.main, CURRENT=LINES) == 0

    assert [each["rows"]["used"] for each in verdicts()] == [400, 300, 200]
    assert {each["time"] for each in verdicts()} == {NOW.isoformat()}
    names = ["20991121T142214Z", "20991121T142214Z_02", "20991121T142214Z_03"]
    assert sorted(path.stem for path in DRIFT.glob("*.html")) == names


def test_checks_that_end_at_once_have_a_name_each(folder: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        pages = [*threads.map(lambda _: reserve(NOW), range(8))]

    assert len(set(pages)) == 8


def test_a_full_disk_leaves_nothing_of_a_verdict(
    recorded: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "drift.prom")

    DRIFT.mkdir(parents=True)
    monkeypatch.setattr(verdict_files, "write_metrics", full)

    assert refused(drift.main) == "drift.prom: No space left on device"
