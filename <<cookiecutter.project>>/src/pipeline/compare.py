"""Score the packaged model, and the champion where there is one, on the same test rows.

`python -m pipeline.compare CANDIDATE.onnx [CHAMPION.onnx]` writes build/comparison.json, which the
gate of a deploy reads. Both are scored here and now: figures of an earlier day were taken on
other rows. `--test` names other rows than those of today's test split, and `--without` rows that
one of the two has learned from: those, and rows like them, are left out.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.slices import slice_metrics
from project.artefacts import COMPARISON, TEST
from project.errors import TOO_FEW_ROWS, UserError, one_line
from project.files import sha256, write_json
from project.inputs import target_values
from project.loading import load
from project.metrics import compute
from project.onnx_model import OnnxModel
from project.scoring import hold_against
from project.settings.evaluation import Evaluation
from project.tables import Contract, keep_pandas_out, read_table


def compare(
    candidate: OnnxModel, champion: OnnxModel | None, test: pa.Table, slices: list[str]
) -> dict[str, Any]:
    """Return the metrics of both, whole and by slice; `champion` is None where there is none.

    Raises `UserError` where the champion takes or answers something else than the candidate, or
    fails on these rows.
    """
    if champion:
        refuse_other_contract(candidate.contract, champion.contract)
    return {
        "task": candidate.contract.task,
        "rows": test.num_rows,
        "candidate": _score(candidate, test, slices),
        "champion": champion and _score_champion(champion, test, slices),
    }


def refuse_other_contract(candidate: Contract, champion: Contract) -> None:
    """Raise `UserError` where two models cannot be held against each other."""
    for what in ("task", "target", "classes", "columns"):
        ours, theirs = getattr(candidate, what), getattr(champion, what)
        if ours != theirs:
            raise UserError(f"the champion has other {what}: {_differing(ours, theirs)}")


def _differing(ours: Any, theirs: Any) -> str:
    if not isinstance(ours, dict | list) or not isinstance(theirs, dict | list):
        return f"{theirs}, the candidate has {ours}"
    gone = [name for name in theirs if name not in ours]
    new = [name for name in ours if name not in theirs]
    if gone or new:
        return ", ".join(
            [*(f"it needs {name}" for name in gone), *(f"{name} is new" for name in new)]
        )
    return "the same names in another order or of another type"


def _score_champion(model: OnnxModel, test: pa.Table, slices: list[str]) -> dict[str, Any]:
    try:
        return _score(model, test, slices)
    except Exception as error:  # onnxruntime has no common class for what it throws
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"the champion cannot be fed these test rows: {reason}") from None


def _score(model: OnnxModel, test: pa.Table, slices: list[str]) -> dict[str, Any]:
    contract = model.contract
    scored = hold_against(target_values(test, contract), model.predict(test), contract.classes)
    return {"metrics": compute(scored), "slices": slice_metrics(test, scored, slices)}


def without(test: pa.Table, learned: pa.Table) -> pa.Table:
    """Return the rows that are not among those that a model has learned from.

    Raises `UserError`, which begins with `TOO_FEW_ROWS`, where fewer than two are left: no metric
    would say anything.
    """
    names = test.column_names
    if not set(names) <= set(learned.column_names):
        return test
    seen = set(_rows(learned, names))
    kept = test.filter(pa.array([row not in seen for row in _rows(test, names)], pa.bool_()))
    if kept.num_rows < 2:
        raise UserError(f"{TOO_FEW_ROWS}{kept.num_rows} of {test.num_rows}")
    return kept


def _rows(table: pa.Table, names: list[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


def main() -> None:
    """Compare the models whose files are named, and keep their digests with the figures."""
    parser = argparse.ArgumentParser(prog="pipeline.compare")
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--test", type=Path, default=TEST)
    parser.add_argument("--without", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    paths: list[Path] = options.models
    slices = load("evaluation", Evaluation).slices
    candidate, champion = [*map(OnnxModel, paths), None][:2]
    assert candidate
    test = read_table(options.test)
    for path in options.without:
        test = without(test, read_table(path))
    report = compare(candidate, champion, test, slices)
    for who, path in zip(("candidate", "champion"), paths, strict=False):
        report[who]["model"] = f"sha256:{sha256(path)}"
    write_json(COMPARISON, report | {"test": f"sha256:{sha256(options.test)}"})


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
