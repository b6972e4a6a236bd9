"""What conf/monitoring.yaml may say, and the line that refuses what it may not."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from project.settings.monitoring import load_monitoring, span

from .conftest import ROOT

SETTINGS = ROOT / "tests/conf/monitoring.yaml"
# what is edited, by what, the line that refuses it
WRONG = {
    "an unknown key": ("  min_rows: 15", "  min_row: 15", "drift.min_row: no such setting"),
    "a share above one": ("false_alarms: 0.01", "false_alarms: 5", "drift.false_alarms: Input"),
    "no span of time": ("since: 7d", "since: a week", "drift.since: expected a span of time, such"),
    "a test that is none": ("number: ks", "number: kss", "drift.evidently.small.number: Input sho"),
    "no YAML": ("drift:", "drift: [", "not YAML"),
}


@pytest.mark.parametrize(("old", "new", "line"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named_with_its_file(
    old: str, new: str, line: str, folder: Path, refusal: Callable[..., str]
) -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    assert old in text
    (folder / "conf").mkdir()
    (folder / "conf/monitoring.yaml").write_text(text.replace(old, new, 1))

    assert refusal(lambda: load_monitoring() and None).startswith(
        f"error: conf/monitoring.yaml: {line}"
    )


def test_what_the_project_says_is_valid() -> None:
    assert load_monitoring(ROOT / "conf/monitoring.yaml").drift.since


def test_spans_have_units() -> None:
    assert span("90m") == timedelta(hours=1, minutes=30)
    assert span("7d") == timedelta(days=7)
