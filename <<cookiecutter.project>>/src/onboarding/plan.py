"""All that was decided about a table, before a word of it is written."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from onboarding.inference import Decision, decide
from onboarding.reading import read_undescribed
from onboarding.target import Target, describe
from project.columns import normalise, normalise_all
from project.errors import UserError


@dataclass(frozen=True)
class Plan:
    """A table and what becomes of each column.

    `missing` is what its file writes for no value, `marks` those of it that are not usual, `texts`
    its columns of digits that are no numbers. `repeated` counts rows that are as an earlier one.
    """

    path: Path
    rows: int
    delimiter: str | None
    decimal: str
    marks: list[str]
    missing: list[str]
    texts: list[str]
    repeated: int
    target: Target
    columns: list[Decision]

    @property
    def inputs(self) -> list[Decision]:
        """The columns that a model learns from."""
        return [column for column in self.columns if column.type]

    @property
    def ignored(self) -> list[Decision]:
        """The columns that it does not."""
        return [column for column in self.columns if not column.type]


def plan(path: Path, target: str, missing: list[str], delimiter: str = "") -> Plan:
    """Read a table and decide on it; `missing` is what a CSV writes for no value."""
    reading = read_undescribed(path, missing, delimiter)
    sources = reading.table.column_names
    if twice := [name for name, count in Counter(sources).items() if count > 1]:
        raise UserError(
            f"{path}: column {twice[0]!r} stands {sources.count(twice[0])} times in the header; "
            "give each column a name of its own"
        )
    table = reading.table.rename_columns(normalise_all(sources))
    place = _find(target, sources, path)
    names = table.column_names
    columns = [
        decide(table.column(i), names[i], sources[i]) for i in range(len(names)) if i != place
    ]
    decided = Plan(
        path,
        table.num_rows,
        reading.delimiter,
        reading.decimal,
        reading.marks,
        reading.missing,
        reading.texts,
        _repeated(table),
        describe(table.column(place), names[place], sources[place], str(path)),
        columns,
    )
    if not decided.inputs:
        raise UserError(
            f"{path}: no column is left to learn from: {columns[0].source!r} is {columns[0].why}"
            if columns
            else f"{path}: the target is its only column"
        )
    return decided


def _repeated(table: pa.Table) -> int:
    """Count the rows that are the same as an earlier one, in every column."""
    try:
        distinct = table.group_by(table.column_names).aggregate([])
    except pa.ArrowException:  # lists, which are left out anyway
        return 0
    return int(table.num_rows - distinct.num_rows)


def _find(target: str, sources: list[str], path: Path) -> int:
    if target in sources:
        return sources.index(target)
    if normalise(target) in (names := normalise_all(sources)):
        return names.index(normalise(target))
    known = ", ".join(sources[:20]) + (", …" if len(sources) > 20 else "")
    raise UserError(f"{path}: TARGET={target}: no such column; the table has {known}")
