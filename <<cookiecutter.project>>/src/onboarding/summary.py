"""What was decided, as a person reads it."""

from collections import defaultdict
from collections.abc import Iterable

from rich.console import Console

from onboarding.inference import Decision
from onboarding.plan import Plan
from project.lean_table import LeanTable

MOST_NAMES = 8


def show(plan: Plan, console: Console) -> None:
    """Print the decisions as a table: the target first, then columns by what becomes of them."""
    table = LeanTable(show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_row("rows", f"{plan.rows:,}", _reading(plan))
    if plan.repeated:
        table.add_row("repeated", f"{plan.repeated:,}", "of them, each the same as an earlier row")
    table.add_row("target", "", f"{plan.target.source}: {plan.target.task}, {plan.target.why}")
    if plan.target.classes:
        counts = [f"{label} ({rows:,})" for label, rows in plan.target.classes.items()]
        table.add_row("classes", str(len(counts)), _few(counts))
    if len(plan.target.classes) == 2:
        table.add_row(
            "positive", "", f"{list(plan.target.classes)[-1]}, the one that is looked for"
        )
    if plan.target.rare:
        table.add_row(
            "set aside", str(len(plan.target.rare)), f"too rare: {_few(plan.target.rare)}"
        )
    if plan.target.unbalanced:
        table.add_row("weights", "", "balanced, as one class outweighs another by far")
    for kind in ("number", "boolean", "category"):
        columns = [column for column in plan.inputs if column.type == kind]
        if columns:
            table.add_row(kind, str(len(columns)), _few(column.shown for column in columns))
    for column in plan.inputs:
        if column.remark:
            table.add_row("remark", "", f"{column.shown}: {column.remark}")
    gaps = {c.shown: c.missing for c in sorted(plan.inputs, key=lambda c: -c.missing) if c.missing}
    if gaps:
        places = _few(f"{name} ({count:,})" for name, count in gaps.items())
        table.add_row("missing", f"{sum(gaps.values()):,}", f"values, in {places}")
    label, count = "left out", str(len(plan.ignored))
    for why, columns in _by_reason(plan.ignored).items():
        names = _few(column.shown for column in columns)
        table.add_row(label, count, f"{names}: {why}", style="dim")
        label = count = ""
    console.print(table, markup=False, highlight=False)


def _reading(plan: Plan) -> str:
    delimiter = f"parted by {plan.delimiter!r}" if plan.delimiter else "Parquet"
    commas = ", decimal commas" if plan.decimal == "," else ""
    marks = f", {_few(map(repr, plan.marks))} taken for no value" if plan.marks else ""
    return delimiter + commas + marks


def _by_reason(columns: list[Decision]) -> dict[str, list[Decision]]:
    reasons = defaultdict(list)
    for column in columns:
        reasons[column.why].append(column)
    return reasons


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMES:,} more" if len(listed) > MOST_NAMES else ""
    return ", ".join(listed[:MOST_NAMES]) + more
