"""The page says of each figure whether it is of all rows or of a sample."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitoring import drift, simulate
from monitoring.evidently_report import EvidentlyView
from monitoring.page import render


@pytest.mark.usefixtures("without_evidently")
def test_it_says_what_is_of_all_rows_and_what_of_a_sample(
    made: Callable[..., Path],
    call: Callable[..., int],
    verdicts: Callable[[], list[dict[str, Any]]],
) -> None:
    made()
    call(simulate.main, DRIFT="none", ROWS=1200, OUT="rows.jsonl")
    call(drift.main, CURRENT="rows.jsonl")
    (verdict,) = verdicts()
    verdict["evidently"] = {"rows": 300, "drifted": [], "agrees": False, "error": None}

    page = render(verdict, EvidentlyView("<p>its own</p>", 300, [], ["age"]))

    assert "All 1,200 rows, the most moved first." in page
    assert "A sample of 300 rows, spread evenly over time, with tests of its own." in page
    assert "another verdict than all rows do: docs/drift.md says why that can be" in page
    assert "Not shown, as they hold nothing: age." in page
