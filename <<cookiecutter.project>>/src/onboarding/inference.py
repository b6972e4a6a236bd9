"""What a column is: a number, a boolean, a category, or nothing to learn from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from onboarding.reading import COMMA_NUMBER, NUMBER, PADDED
from project.conversion import FALSE, TRUE, convert, labels_of
from project.settings.group import ColumnType

#: One-hot encoding makes each category a column: more of them would be most of the model.
MOST_CATEGORIES = 50
#: A column counts as of a kind when this share of its values is; the rest is set aside as broken.
MOST_OF_IT = 0.99

DATE = (
    r"^\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4})"
    r"([ T]\d{1,2}:\d{2}.*)?\s*$"
)
TIME = r"^\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*$"
UUID = r"^\s*\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?\s*$"
ID_NAME = re.compile(r"(^|_)(id|uuid|guid|key|index|idx|nr|no|number|row|record|serial)$")
DATE_WHY = "a date: a model of rows has no calendar; make numbers of it first (age, month)"
ID_WHY = "all different, an id: it says nothing about a new row"


@dataclass(frozen=True)
class Decision:
    """What becomes of a column; `type` is None where it is left out. `missing` counts its gaps."""

    name: str
    source: str
    type: ColumnType | None
    why: str = ""
    rules: dict[str, Any] = field(default_factory=dict)
    missing: int = 0
    remark: str = ""  # what the user may well want to mend in the table, or should know

    @property
    def shown(self) -> str:
        """The name as a person is told it, where the header may have none."""
        return self.source.strip() or f"{self.name} (without a name)"


def decide(column: pa.ChunkedArray, name: str, source: str) -> Decision:
    """Decide on a column by its values, and by its name where they could be read either way."""
    array = column.combine_chunks()
    present = array.filter(compute.invert(array.is_null(nan_is_null=True)))
    missing = len(array) - len(present)
    if why := _nothing_to_learn(array, present, name):
        return Decision(name, source, None, why, missing=missing)
    kind, why = _type_of(present, name)
    rules = _rules(array, kind, name) if kind else {}
    remark = _remark(present) if kind == "category" else ""
    why = f"{remark}: {why}" if remark else why
    return Decision(name, source, kind, why, rules, missing, remark)


def _nothing_to_learn(array: pa.Array, present: pa.Array, name: str) -> str:
    kind = array.type
    if len(present) == 0:
        return "every value is missing"
    if pa.types.is_temporal(kind):
        return DATE_WHY
    if not (is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind)):
        return f"a {kind}: no model here takes it"
    distinct = compute.count_distinct(present).as_py()
    gaps = len(present) < len(array)
    if distinct == 1 and not (gaps and pa.types.is_string(kind)):
        return "the same value in every row" + (" that has one" if gaps else "")
    if distinct == len(array) and _is_id(present, name):
        return ID_WHY
    return ""


def is_number(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds numbers."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _is_id(values: pa.Array, name: str) -> bool:
    """Tell an id from a measurement that happens not to repeat, given that all values differ."""
    if pa.types.is_string(values.type):
        return not _share(values, NUMBER) >= MOST_OF_IT or bool(ID_NAME.search(name))
    if not pa.types.is_integer(values.type):
        return False
    if ID_NAME.search(name):
        return True
    numbers = values.to_numpy(zero_copy_only=False).astype(np.float64)
    counts_rows = numbers.max() - numbers.min() == len(numbers) - 1
    ordered = bool(np.all(np.diff(numbers) > 0) or np.all(np.diff(numbers) < 0))
    return bool(counts_rows or ordered or numbers.min() >= 10_000_000)


def _type_of(present: pa.Array, name: str) -> tuple[ColumnType | None, str]:
    if pa.types.is_boolean(present.type):
        return "boolean", ""
    words = compute.unique(compute.utf8_lower(compute.utf8_trim_whitespace(labels_of(present))))
    if len(words) == 2 and _says_yes_and_no(words.to_pylist()):
        return "boolean", " and ".join(sorted(words.to_pylist()))
    if is_number(present.type):
        return (None, DATE_WHY) if _are_dates(present) else ("number", "")
    if max(_share(present, DATE), _share(present, TIME)) >= MOST_OF_IT:
        return None, DATE_WHY
    if _share(present, UUID) >= MOST_OF_IT:
        return None, "uuids, an id: it says nothing about a new row"
    padded = _first(present, PADDED)
    if _share(present, NUMBER) >= MOST_OF_IT and not padded:
        return _number_in_text(present, name)
    values = compute.value_counts(labels_of(present))
    if len(values) > MOST_CATEGORIES or len(values) > len(present) / 2:
        texts = f"codes, as {padded} begins with 0" if padded else "texts"
        return None, f"{len(values):,} different {texts}: no few categories that repeat"
    ordered = sorted(values, key=lambda value: (-value["counts"].as_py(), str(value["values"])))
    return "category", ", ".join(str(value["values"]) for value in ordered)


def _remark(present: pa.Array) -> str:
    """Say what in a column of categories looks like a slip, or what it was taken for and why."""
    if alike := written_alike(labels_of(present).unique().to_pylist()):
        return alike
    if number := _first(present, COMMA_NUMBER):
        return f"too few of its texts are numbers, {number} is one with a comma"
    padded = _first(present, PADDED)
    return f"codes, as {padded} begins with 0" if padded else ""


def written_alike(labels: Iterable[str]) -> str:
    """Name the first two of these texts that case or blanks alone tell apart; "" without any."""
    known: dict[str, str] = {}
    for label in labels:
        first = known.setdefault(" ".join(label.casefold().split()), label)
        if first != label:
            return f"{first!r} and {label!r} differ in case or blanks alone"
    return ""


def _first(texts: pa.Array, pattern: str) -> str:
    """Return the first of these texts that is as the pattern says; "" without any."""
    found = texts.filter(compute.match_substring_regex(texts, pattern))
    return str(found[0].as_py()).strip() if len(found) else ""


def _number_in_text(present: pa.Array, name: str) -> tuple[ColumnType | None, str]:
    if compute.any(compute.match_substring_regex(present, r"^\s*[+-]?\d{19,}\s*$")).as_py():
        return None, "integers beyond 64 bits: ids, or numbers to be written as 1.8e19"
    _, unreadable = convert(present, "number", name)
    return "number", "rows in which it is no number are set aside" if unreadable.any() else ""


def _says_yes_and_no(words: list[str]) -> bool:
    return sorted((word in TRUE) - (word in FALSE) for word in words) == [-1, 1]


def _are_dates(values: pa.Array) -> bool:
    """Tell whether integers are days written as 20261231."""
    if not pa.types.is_integer(values.type):
        return False
    days = values.to_numpy(zero_copy_only=False)
    month, day = days // 100 % 100, days % 100
    return bool(
        ((days >= 19000101) & (days <= 21001231)).all()
        and ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all()
    )


def _share(values: pa.Array, pattern: str) -> float:
    return float(compute.mean(compute.match_substring_regex(values, pattern)).as_py())


def _rules(array: pa.Array, kind: ColumnType, name: str) -> dict[str, Any]:
    """Keep what every value keeps today: none below zero, none missing."""
    values, _ = convert(array, kind, name)
    rules: dict[str, Any] = {}
    if kind == "number" and compute.min(values).as_py() >= 0:
        rules["min"] = 0
    if not array.is_null(nan_is_null=True).true_count:
        rules["missing"] = False
    return rules
