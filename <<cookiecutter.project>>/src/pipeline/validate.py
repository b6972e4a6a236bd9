"""Stage validate: give each column its type and hold each row against its rules.

What breaks the table stops (a column missing, extra or of another type); what breaks a row sets
the row aside, with the rule that it broke, as long as few rows do.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from project.artefacts import FEEDBACK, ORIGIN, RAW, REJECTED, VALID, VALIDATION
from project.conversion import convert
from project.errors import UserError, one_line
from project.files import read_json, write_json
from project.loading import load
from project.settings.dataset import Column, Dataset, Target, Validation
from project.tables import (
    Contract,
    keep_pandas_out,
    labelled_mark,
    labelled_rows,
    read_table,
    write_table,
)

Broken = dict[str, np.ndarray[Any, np.dtype[np.bool_]]]


def validate(
    raw: pa.Table, sources: dict[str, str], dataset: Dataset, settings: Validation
) -> tuple[pa.Table, pa.Table, Contract, dict[str, Any]]:
    """Return the valid rows, the rejected rows with their reason, the contract and a report.

    The valid table has the contract's columns in its order (float64, bool, string; null for
    missing) and the target last: its class label as a string, or a float64.
    Raises `UserError` where the table as a whole cannot be used.
    """
    _same_columns(raw, dataset)
    rules: Broken = {}
    typed = {name: _column(raw, name, spec, rules) for name, spec in dataset.columns.items()}
    typed[dataset.target.name] = _target(raw, dataset, rules)

    broken = np.zeros(raw.num_rows, dtype=bool)
    reasons = np.full(raw.num_rows, "", dtype=object)
    for rule, rows in rules.items():
        reasons[rows & ~broken] = rule
        broken |= rows
    _few_enough(raw, broken, reasons, settings)

    valid = pa.table(typed).filter(pa.array(~broken))
    _usable(valid, dataset)
    late = ~broken[raw.num_rows - labelled_rows(raw) :]
    valid = valid.replace_schema_metadata(labelled_mark(int(late.sum())) or None)
    rejected = raw.filter(pa.array(broken))
    rejected = rejected.append_column(
        "rejected_because", pa.array(list(reasons[broken]), pa.string())
    )
    contract = Contract(
        dataset=dataset.name,
        task=dataset.task,
        target=dataset.target.name,
        classes=dataset.target.classes,
        columns={name: spec.type for name, spec in dataset.columns.items()},
        sources={name: sources.get(name, name) for name in dataset.columns},
    )
    return valid, rejected, contract, _report(valid, rejected, rules, dataset)


def _same_columns(raw: pa.Table, dataset: Dataset) -> None:
    where = f"conf/dataset/{dataset.name}.yaml"
    if dataset.target.name not in raw.column_names:
        raise UserError(
            f"{where}: dataset.target.name: the data has no column {dataset.target.name}; it has "
            f"{', '.join(raw.column_names[:20])}"
        )
    if missing := [name for name in dataset.columns if name not in raw.column_names]:
        raise UserError(f"{where}: dataset.columns: not in the data: {', '.join(missing)}")
    known = {*dataset.columns, *dataset.ignore, dataset.target.name}
    if extra := [name for name in raw.column_names if name not in known]:
        raise UserError(
            f"{where}: the data has more columns than expected: {', '.join(extra[:20])}; add each "
            "to dataset.columns or to dataset.ignore"
        )


def _column(raw: pa.Table, name: str, spec: Column, rules: Broken) -> pa.Array:
    values, unreadable = convert(raw.column(name), spec.type, name)
    if unreadable.any():
        rules[f"{name}: not a {spec.type}"] = unreadable
    present = ~np.asarray(values.is_null())
    if not present.any():
        raise UserError(
            f"data: column {name}: every value is missing; put it into dataset.ignore, or mend it"
        )
    if not spec.missing and not present.all():
        rules.setdefault(f"{name}: missing", ~present & ~unreadable)
    if spec.min is not None:
        _rule(rules, f"{name}: below {spec.min:g}", compute.less(values, spec.min))
    if spec.max is not None:
        _rule(rules, f"{name}: above {spec.max:g}", compute.greater(values, spec.max))
    if spec.values is not None:
        known = compute.is_in(values, pa.array(spec.values, pa.string()))
        _rule(
            rules, f"{name}: unknown value", compute.and_(pa.array(present), compute.invert(known))
        )
    return values


def _target(raw: pa.Table, dataset: Dataset, rules: Broken) -> pa.Array:
    target: Target = dataset.target
    column = raw.column(target.name)
    if dataset.task == "classification":
        values, _ = convert(column, "category", target.name)
        _complete(values, target.name)
        known = compute.is_in(values, pa.array(target.classes, pa.string()))
        _rule(rules, f"{target.name}: unknown class", compute.invert(known))
        return values
    values, unreadable = convert(column, "number", target.name)
    if unreadable.any():
        row = int(np.flatnonzero(unreadable)[0])
        raise UserError(
            f"data: target {target.name}, row {row + 1}: expected a number, found "
            f"{column[row].as_py()!r}"
        )
    _complete(values, target.name)
    if target.min is not None:
        _rule(rules, f"{target.name}: below {target.min:g}", compute.less(values, target.min))
    if target.max is not None:
        _rule(rules, f"{target.name}: above {target.max:g}", compute.greater(values, target.max))
    return values


def _complete(values: pa.Array, name: str) -> None:
    if values.null_count:
        rows = np.flatnonzero(np.asarray(values.is_null()))
        raise UserError(
            f"data: target {name} is missing in {len(rows):,} rows, first in row {rows[0] + 1}; "
            "a row without a target teaches nothing: take such rows out of the data"
        )


def _rule(rules: Broken, name: str, rows: pa.Array) -> None:
    mask = np.asarray(compute.fill_null(rows, False))
    if mask.any():
        rules[name] = mask


def _few_enough(
    raw: pa.Table, broken: np.ndarray[Any, Any], reasons: np.ndarray[Any, Any], settings: Validation
) -> None:
    count = int(broken.sum())
    if count <= settings.max_rejected * raw.num_rows:
        return
    row = int(np.flatnonzero(broken)[0])
    column = str(reasons[row]).split(":")[0]
    own = raw.num_rows - labelled_rows(raw)
    first = f"row {row + 1}" if row < own else f"row {row - own + 1} of {FEEDBACK}"
    raise UserError(
        f"data: {count:,} of {raw.num_rows:,} rows break a rule, more than validation.max_rejected "
        f"({settings.max_rejected:g}) lets through; first: {first}: {reasons[row]} "
        f"({raw.column(column)[row].as_py()!r})"
    )


def _usable(valid: pa.Table, dataset: Dataset) -> None:
    if dataset.task == "classification":
        counts = compute.value_counts(valid.column(dataset.target.name).combine_chunks())
        found = {str(item["values"]): item["counts"].as_py() for item in counts}
        if len(found) < 2:
            raise UserError(
                f"data: target {dataset.target.name} has one class only "
                f"({', '.join(found) or 'no rows'}); a classifier needs two"
            )
        for label in dataset.target.classes or []:
            if found.get(label, 0) < MIN_ROWS_PER_CLASS:
                raise UserError(
                    f"data: class {label!r} of {dataset.target.name} has {found.get(label, 0)} "
                    f"rows; training, early stopping and test need {MIN_ROWS_PER_CLASS} of each"
                )
    elif valid.num_rows < MIN_ROWS:
        raise UserError(
            f"data: {valid.num_rows} valid rows; training, early stopping and test need {MIN_ROWS}"
        )


#: One row each to fit, to stop early, and to test, and one to spare for rounding.
MIN_ROWS_PER_CLASS = 4
MIN_ROWS = 12


def _report(valid: pa.Table, rejected: pa.Table, rules: Broken, dataset: Dataset) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "rows": {"valid": valid.num_rows, "rejected": rejected.num_rows},
        "rules_broken": {rule: int(rows.sum()) for rule, rows in sorted(rules.items())},
        "columns": {name: _summary(valid.column(name)) for name in valid.column_names},
    }


def _summary(column: pa.ChunkedArray) -> dict[str, Any]:
    summary: dict[str, Any] = {"missing": column.null_count}
    if pa.types.is_floating(column.type):
        extremes = compute.min_max(column)
        summary |= {
            "type": "number",
            "min": extremes["min"].as_py(),
            "mean": compute.mean(column).as_py(),
            "max": extremes["max"].as_py(),
        }
        return summary
    counts = compute.value_counts(column.combine_chunks().drop_null())
    found = {str(item["values"].as_py()): item["counts"].as_py() for item in counts}
    common = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    kind = "boolean" if pa.types.is_boolean(column.type) else "category"
    return summary | {"type": kind, "distinct": len(found), "most_common": dict(common[:10])}


def main() -> None:
    """Run the stage."""
    valid, rejected, contract, report = validate(
        read_table(RAW),
        read_json(ORIGIN)["columns"],
        load("dataset", Dataset),
        load("validation", Validation),
    )
    write_table(VALID, valid, contract, labelled_rows(valid))
    write_table(REJECTED, rejected)
    write_json(VALIDATION, report)
    print(f"{valid.num_rows:,} rows valid, {rejected.num_rows:,} set aside")


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
