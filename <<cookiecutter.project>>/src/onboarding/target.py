"""What is predicted: classes or a number, and what a model must reach to be of use."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pyarrow import compute

from onboarding.inference import is_number, written_alike
from project.conversion import FALSE, TRUE, convert
from project.errors import UserError

MOST_CLASSES = 20
#: The stages need these: rows to fit, to stop early, to test, and to spare.
FEWEST_OF_A_CLASS = 4
FEWEST_ROWS = 12
#: The share of rows in classes too rare to learn; validation lets through no more.
MOST_RARE = 0.05
#: The commonest class against the rarest, from which on a model may well ignore the rarest.
UNBALANCED = 4


@dataclass(frozen=True)
class Target:
    """The target as it goes into conf/dataset; `classes` with their rows, in order."""

    name: str
    source: str
    task: Literal["classification", "regression"]
    why: str
    thresholds: dict[str, float]
    classes: dict[str, int] = field(default_factory=dict)
    rare: dict[str, int] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    alternative: list[str] = field(default_factory=list)  # its classes, were they classes

    @property
    def unbalanced(self) -> bool:
        """Tell whether the commonest class outweighs the rarest by far."""
        rows = self.classes.values()
        return bool(rows) and max(rows) >= UNBALANCED * min(rows)


def describe(column: pa.ChunkedArray, name: str, source: str, path: str) -> Target:
    """Infer the task; `UserError` where the column cannot be a target."""
    array = column.combine_chunks()
    gaps = np.flatnonzero(np.asarray(array.is_null(nan_is_null=True)))
    if len(gaps):
        raise UserError(
            f"{path}: target {source!r} is missing in {len(gaps):,} rows, first in row "
            f"{gaps[0] + 1}; take such rows out of the table"
        )
    labels = compute.value_counts(convert(array, "category", source)[0])
    counts = {str(item["values"]): int(item["counts"].as_py()) for item in labels}
    if len(counts) < 2:
        raise UserError(f"{path}: target {source!r} is {next(iter(counts))!r} in every row")
    if not is_number(array.type):
        what = "true or false" if pa.types.is_boolean(array.type) else "its values are text"
        return _classes(counts, name, source, path, what)
    is_class, why = _numbers_are_classes(array, counts)
    if is_class:
        return _classes(counts, name, source, path, why)
    return _number(array, counts, name, source, path, why)


def _numbers_are_classes(array: pa.Array, counts: dict[str, int]) -> tuple[bool, str]:
    """Tell codes of classes from quantities: codes count up from 0 or 1, and none is very rare."""
    if len(counts) == 2:
        return True, "two different values"
    if not all(label.lstrip("-").isdigit() for label in counts):
        return False, "numbers with a fraction"
    if len(counts) > MOST_CLASSES:
        return False, f"{len(counts):,} different whole numbers"
    codes = sorted(map(int, counts))
    if codes[0] not in (0, 1) or codes != list(range(codes[0], codes[-1] + 1)):
        return False, "whole numbers that do not count up from 0 or 1, as codes of classes do"
    if max(counts.values()) > 10 * min(counts.values()):
        return False, "whole numbers of which some are rare, as the ends of a scale are"
    return True, f"whole numbers that count up from {codes[0]} to {codes[-1]}, none of them rare"


def _classes(counts: dict[str, int], name: str, source: str, path: str, why: str) -> Target:
    rare = {label: rows for label, rows in counts.items() if rows < FEWEST_OF_A_CLASS}
    kept = {label: rows for label, rows in counts.items() if label not in rare}
    total = sum(counts.values())
    if len(kept) < 2 or sum(rare.values()) > MOST_RARE * total:
        raise UserError(
            f"{path}: target {source!r} has {len(counts):,} different values in {total:,} rows, "
            f"{len(rare):,} of them in fewer than {FEWEST_OF_A_CLASS} rows; expected a number, or "
            "classes with rows enough to learn from"
        )
    if alike := written_alike(sorted(counts)):
        raise UserError(f"{path}: target {source!r}: {alike}; write one class in one way")
    ordered = _in_order(kept)
    guess = 1 / len(ordered)
    return Target(
        name,
        source,
        "classification",
        why,
        {"balanced_accuracy": round(guess + (1 - guess) / 5, 2), "calibration_error": 0.3},
        classes={label: kept[label] for label in ordered},
        rare=rare,
    )


def _in_order(counts: dict[str, int]) -> list[str]:
    """Order classes; of two, the one that is looked for comes last: yes, the larger, the rarer."""
    try:
        return sorted(counts, key=float)
    except ValueError:
        labels = sorted(counts)
    if len(labels) == 2:
        said = [(label.lower() in TRUE) - (label.lower() in FALSE) for label in labels]
        if sorted(said) == [-1, 1]:
            return [labels[said.index(-1)], labels[said.index(1)]]
        return sorted(labels, key=lambda label: -counts[label])
    return labels


def _number(
    array: pa.Array, counts: dict[str, int], name: str, source: str, path: str, why: str
) -> Target:
    if len(array) < FEWEST_ROWS:
        raise UserError(
            f"{path}: {len(array)} rows; training, early stopping and test need {FEWEST_ROWS}"
        )
    values, unreadable = convert(array, "number", name)
    if unreadable.any():
        row = int(np.flatnonzero(unreadable)[0])
        raise UserError(
            f"{path}: target {source!r}, row {row + 1}: expected a number, found "
            f"{array[row].as_py()!r}; mend it, or take such rows out of the table"
        )
    few = len(counts) <= MOST_CLASSES and min(counts.values()) >= FEWEST_OF_A_CLASS
    return Target(
        name,
        source,
        "regression",
        why,
        {"r2": 0.2},
        rules={"min": 0} if compute.min(values).as_py() >= 0 else {},
        alternative=_in_order(counts) if few else [],
    )
