"""Each kind of drift is found, by the gate and by Evidently, and none where there is none."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitoring import drift, simulate

KINDS = {
    "none": set[str](),
    "shift": {"size", "age", "label"},
    "noise": {"size", "age"},
    "missing": {"size", "age", "new", "colour"},
    "new-category": {"colour"},
    "label-shift": {"size", "label"},
}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that runs a command as make does, and returns its exit code."""

    def run(main: Callable[[], None], *arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


@pytest.mark.parametrize(("kind", "columns"), KINDS.items(), ids=KINDS)
def test_each_drift_is_found_and_none_where_there_is_none(
    kind: str, columns: set[str], made: Callable[..., Path], call: Callable[..., int]
) -> None:
    made()
    call(simulate.main, kind, 1500, "", "data/predictions/simulated.jsonl")

    code = call(drift.main)

    found = last_verdict()
    assert found["verdict"] == ("drift" if columns else "none")
    assert code == found["exit_code"] == (3 if columns else 0)
    judged = [*found["columns"], found["prediction"]]
    assert columns <= {one["name"] for one in judged if one["drifted"]}
    assert found["evidently"]["agrees"]
    assert found["evidently"]["rows"] == found["rows"]["sampled"] > 0


def last_verdict() -> dict[str, Any]:
    """Read the verdict that was written last."""
    *_, last = sorted(Path("reports/drift").glob("*.json"))
    return dict(json.loads(last.read_text()))
