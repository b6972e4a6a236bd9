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
