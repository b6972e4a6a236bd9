"""Evidently's view of a sample, spared what it cannot bear.

It passes over columns that are missing, ends at one that holds nothing, has no verdict of its own
over all columns, and takes minutes for a million rows.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import compute

from monitoring.gate import Judged
from monitoring.histograms import OTHER
from project.settings.monitoring import Drift


@dataclass(frozen=True)
class EvidentlyView:
    """What Evidently says: its page, and the columns that it finds to have drifted."""

    html: str
    rows: int
    drifted: list[str]
    left_out: list[str]  # columns that hold nothing, here or in the reference
    error: str | None = None  # where it ended by itself; the verdict is the gate's


def look(
    reference: pa.Table, sample: pa.Table, judged: list[Judged], settings: Drift
) -> EvidentlyView:
    """Have Evidently compare a sample with the reference, column by column.

    judged: columns and prediction, with what the gate says of each.
    """
    from evidently import DataDefinition
    from evidently.metrics import MissingValueCount
    from evidently.presets import DataDriftPreset
    from evidently.tests import lte

    shown = [one for one in judged if _holds_values(one.name, reference, sample)]
    frames = [_frame(table, shown) for table in (sample, reference)]
    numbers = [one.name for one in shown if one.kind == "number"]
    categories = [one.name for one in shown if one.kind != "number"]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    tests = settings.evidently
    small = sample.num_rows <= tests.small_rows
    methods = tests.small if small else tests.large
    bound = settings.false_alarms / len(judged) if small else settings.floor
    metrics: list[Any] = [
        DataDriftPreset(
            columns=[one.name for one in shown],
            num_method=methods.number,
            cat_method=methods.category,
            num_threshold=bound,
            cat_threshold=bound,
        )
    ]
    for one in shown:
        most = _missing_bound(one, sample.num_rows, settings.false_alarms / len(judged))
        metrics.append(MissingValueCount(column=one.name, share_tests=[lte(most)]))
    left_out = [one.name for one in judged if one not in shown]
    try:
        html, failed = _run(metrics, frames, definition)
    except Exception as error:  # the gate has judged: a page that fails must not undo its verdict
        why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return EvidentlyView("", sample.num_rows, [], left_out, why)
    drifted = [one.name for one in shown if one.name in failed]
    return EvidentlyView(html, sample.num_rows, drifted, left_out)


def _run(metrics: list[Any], frames: list[Any], definition: Any) -> tuple[str, set[str]]:
    """Return its page, and the columns that it finds to have drifted."""
    from evidently import Dataset, Report

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of divisions by nothing, in columns of one value
        current, before = (
            Dataset.from_pandas(frame, data_definition=definition) for frame in frames
        )
        snapshot = Report(metrics, include_tests=True).run(current, before)
        return snapshot.get_html_str(as_iframe=False), _failed(snapshot.dict())


def _holds_values(name: str, *tables: pa.Table) -> bool:
    return all(table.column(name).null_count < table.num_rows for table in tables)


def _frame(table: pa.Table, shown: list[Judged]) -> Any:
    """Return a pandas table; rare categories are one, as any number of them would be drawn."""
    columns = {}
    for one in shown:
        column = table.column(one.name)
        if one.kind != "number":
            texts = compute.cast(column, pa.string())
            kept = compute.is_in(texts, pa.array(one.binned.names, pa.string()))
            rare = compute.if_else(compute.is_null(texts), None, OTHER)
            column = compute.if_else(kept, texts, rare)
        columns[one.name] = column
    return pa.table(columns).to_pandas()


def _missing_bound(one: Judged, rows: int, level: float) -> float:
    """Return the share of missing values that chance explains: the normal bound of a binomial."""
    from statistics import NormalDist

    total = one.binned.reference.sum() + one.binned.reference_missing
    share = (one.binned.reference_missing + 1) / (total + 2)
    spread = (share * (1 - share) * (1 / rows + 1 / total)) ** 0.5
    return float(min(share + NormalDist().inv_cdf(1 - level) * spread, 1.0))


def _failed(result: dict[str, Any]) -> set[str]:
    """Return the columns of which a test failed; that over the share of columns is passed over."""
    return {
        test["metric_config"]["params"]["column"]
        for test in result["tests"]
        if test["status"] == "FAIL" and "column" in test["metric_config"]["params"]
    }
