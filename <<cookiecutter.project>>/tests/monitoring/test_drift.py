"""Each kind of drift is found, by the gate and by Evidently, and none where there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitoring import drift, simulate

Make = Callable[..., Path]
Call = Callable[..., int]
Verdicts = Callable[[], list[dict[str, Any]]]

KINDS = {
    "none": set[str](),
    "shift": {"size", "age", "label"},
    "noise": {"size", "age"},
    "missing": {"size", "age", "new", "colour"},
    "new-category": {"colour"},
    "label-shift": {"size", "label"},
}


@pytest.mark.parametrize(("kind", "columns"), KINDS.items(), ids=KINDS)
def test_each_drift_is_found_and_none_where_there_is_none(
    kind: str,
    columns: set[str],
    made: Make,
    call: Call,
    verdicts: Verdicts,
) -> None:
    made()
    call(simulate.main, DRIFT=kind, ROWS=1500, OUT="data/predictions/simulated.jsonl")

    code = call(drift.main)

    found = verdicts()[-1]
    assert found["verdict"] == ("drift" if columns else "none")
    assert code == found["exit_code"] == (3 if columns else 0)
    judged = [*found["columns"], found["prediction"]]
    assert columns <= {one["name"] for one in judged if one["drifted"]}
    assert found["evidently"]["agrees"]
    assert found["evidently"]["rows"] == found["rows"]["sampled"] > 0
