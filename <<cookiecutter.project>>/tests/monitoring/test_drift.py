"""Each kind of drift is found, by the gate and by Evidently, and none where there is none.

What needs Evidently is all here: its import takes seconds.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from monitoring import drift, labels, simulate
from monitoring.evidently_report import EvidentlyView, look
from monitoring.gate import judge
from monitoring.histograms import histogram
from project.settings.monitoring import load_monitoring

from .conftest import ROOT

Make = Callable[..., Path]
Call = Callable[..., int]
Verdicts = Callable[[], list[dict[str, Any]]]

SETTINGS = load_monitoring(ROOT / "tests/conf/monitoring.yaml").drift
RANDOM = np.random.default_rng(3)
LINES = "data/predictions/a.jsonl"

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
    call(simulate.main, DRIFT=kind, ROWS=1500, OUT=LINES)

    code = call(drift.main)

    found = verdicts()[-1]
    assert found["verdict"] == ("drift" if columns else "none")
    assert code == found["exit_code"] == (3 if columns else 0)
    judged = [*found["columns"], found["prediction"]]
    assert columns <= {one["name"] for one in judged if one["drifted"]}
    assert found["evidently"]["agrees"]
    assert found["evidently"]["rows"] == found["rows"]["sampled"] > 0


@pytest.fixture
def glancing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Evidently see how many rows there are, and no more: to look takes it half a second."""

    def glance(reference: pa.Table, sample: pa.Table, *judged: object) -> EvidentlyView:
        return EvidentlyView("", sample.num_rows, [], [])

    monkeypatch.setattr(drift, "look", glance)


def test_a_row_that_is_sent_again_and_again_is_no_evidence(
    made: Make, call: Call, verdicts: Verdicts, glancing: None
) -> None:
    made()
    call(simulate.main, DRIFT="none", ROWS=400, OUT=LINES)
    lines = Path(LINES)
    lines.write_bytes(lines.read_bytes().splitlines(keepends=True)[0] * 50)

    assert call(drift.main) == 0

    rows = verdicts()[-1]["rows"]
    assert (rows["used"], rows["sampled"]) == (1000, 20)
    assert rows["effective"] == pytest.approx(20, abs=1)


def test_the_page_shows_the_keys_that_a_verdict_has(
    made: Make, call: Call, verdicts: Verdicts, glancing: None
) -> None:
    text = (ROOT / "docs/drift.md").read_text(encoding="utf-8")
    shown = json.loads(text.split("```json\n")[1].split("```")[0])
    made()
    call(simulate.main, DRIFT="none", ROWS=400, OUT=LINES, LABELS="labels.csv")
    call(labels.main, FILE="labels.csv")
    call(drift.main)

    found = verdicts()[-1]

    for place in ((), ("model",), ("window",), ("rows",), ("quality",), ("evidently",)):
        here, there = shown, found
        for key in place:
            here, there = here[key], there[key]
        assert list(here) == list(there), place
    assert list(shown["columns"][0]) == list(found["columns"][0])
    for key in ("metrics", "over_time"):
        assert list(shown["quality"][key][0]) == list(found["quality"][key][0])


def missing(rows: int, present: int) -> pa.Array:
    """Return numbers, all but a few of them missing."""
    values = RANDOM.normal(size=rows)
    values[present:] = np.nan
    return pa.array(values, from_pandas=True)


# a column in the reference and now, by number of rows
COLUMNS = {
    "nothing now": lambda n, m: (RANDOM.normal(size=n), missing(m, 0)),
    "nothing before": lambda n, m: (missing(n, 0), RANDOM.normal(size=m)),
    "nothing at all": lambda n, m: (missing(n, 0), missing(m, 0)),
    "one value now": lambda n, m: (RANDOM.normal(size=n), missing(m, 1)),
    "one value before": lambda n, m: (missing(n, 1), RANDOM.normal(size=m)),
    "a constant": lambda n, m: (np.ones(n), np.ones(m)),
    "two constants": lambda n, m: (np.ones(n), np.full(m, 2.0)),
    "large numbers": lambda n, m: (np.full(n, 3e38), RANDOM.normal(size=m) * 1e38),
    "no texts now": lambda n, m: (["a", "b"] * (n // 2), pa.nulls(m, pa.string())),
    "texts of another kind": lambda n, m: (["a", "b"] * (n // 2), ["c"] * m),
    "texts, each another": lambda n, m: (list(map(str, range(n))), list(map(str, range(n, n + m)))),
    "yes and no": lambda n, m: (RANDOM.random(n) < 0.5, RANDOM.random(m) < 0.5),
}


def view(names: list[str], rows: tuple[int, int]) -> EvidentlyView:
    """Have Evidently look at columns beside one that is plain."""
    made = {name: [pa.array(values) for values in COLUMNS[name](*rows)] for name in names}
    made["plain"] = [pa.array(RANDOM.normal(size=size)) for size in rows]
    reference = pa.table({name: before for name, (before, _) in made.items()})
    sample = pa.table({name: now for name, (_, now) in made.items()})
    judged = []
    for name in made:
        kind = "number" if pa.types.is_floating(reference.schema.field(name).type) else "category"
        counts = histogram(reference.column(name), kind, SETTINGS.bins)  # type: ignore[arg-type]
        counts.add(sample.column(name))
        binned = counts.binned(rows[1])
        judged.append(judge(name, kind, binned, rows[1], len(made), SETTINGS))  # type: ignore[arg-type]
    return look(reference, sample, judged, SETTINGS)


@pytest.mark.parametrize("rows", [(100, 16), (1200, 1100)], ids=str)
def test_no_column_ends_it_and_its_page_loads_nothing(rows: tuple[int, int]) -> None:
    names = [name for name in COLUMNS if name != "large numbers"]

    found = view(names, rows)

    assert found.error is None
    assert set(found.left_out) == {name for name in names if name.startswith(("nothing", "no "))}
    assert {"two constants", "texts of another kind"} <= set(found.drifted)
    assert not {"plain", "a constant", "yes and no", "texts, each another"} & set(found.drifted)
    loaded = r'<(?:script|link|img|iframe)[^>]*(?:src|href)="?(?:https?:)?//'
    assert not re.findall(loaded, found.html)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_where_it_ends_by_itself_it_is_said_why() -> None:
    found = view(["large numbers"], (100, 16))

    assert found.error == (
        "ValueError: Too many bins for data range. Cannot create 10 finite-sized bins."
    )
