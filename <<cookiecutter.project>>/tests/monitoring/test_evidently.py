"""Evidently never meets what it cannot bear, and a page of its own needs no network."""

import re

import numpy as np
import pyarrow as pa
import pytest

from monitoring.evidently_report import EvidentlyView, look
from monitoring.gate import judge
from monitoring.histograms import histogram
from project.settings.monitoring import load_monitoring

from .conftest import ROOT

SETTINGS = load_monitoring(ROOT / "tests/conf/monitoring.yaml").drift
RANDOM = np.random.default_rng(3)


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


def view(name: str, rows: tuple[int, int]) -> EvidentlyView:
    """Have Evidently look at a column beside one that is plain."""
    before, now = (pa.array(values) for values in COLUMNS[name](*rows))
    reference = pa.table({"it": before, "plain": RANDOM.normal(size=rows[0])})
    sample = pa.table({"it": now, "plain": RANDOM.normal(size=rows[1])})
    judged = []
    for column in ("it", "plain"):
        kind = "number" if pa.types.is_floating(reference.schema.field(column).type) else "category"
        counts = histogram(reference.column(column), kind, SETTINGS.bins)  # type: ignore[arg-type]
        counts.add(sample.column(column))
        binned = counts.binned(rows[1])
        judged.append(judge(column, kind, binned, rows[1], 2, SETTINGS))  # type: ignore[arg-type]
    return look(reference, sample, judged, SETTINGS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("rows", [(100, 16), (1200, 1100)], ids=str)
@pytest.mark.parametrize("name", COLUMNS)
def test_no_column_ends_it(name: str, rows: tuple[int, int]) -> None:
    found = view(name, rows)

    if name == "large numbers":
        assert found.error == (
            "ValueError: Too many bins for data range. Cannot create 10 finite-sized bins."
        )
        return
    assert found.error is None
    assert "plain" not in found.drifted
    assert found.left_out == (["it"] if name.startswith(("nothing", "no ")) else [])
    if name in ("two constants", "texts of another kind"):
        assert found.drifted == ["it"]
    if name in ("a constant", "yes and no", "texts, each another"):
        assert found.drifted == []


def test_its_page_loads_nothing() -> None:
    html = view("yes and no", (100, 50)).html

    assert not re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="?(?:https?:)?//', html)
