"""Stage evaluate: judge the ONNX graph, in onnxruntime alone, on rows it has not seen."""

from typing import Any

import pyarrow as pa

from pipeline.golden import golden
from pipeline.importance import permutation_importance
from pipeline.plots import plot_tables
from pipeline.slices import slice_metrics
from pipeline.verdict import judge, metric_rows
from project.artefacts import EVALUATION, GOLDEN, METRICS, ONNX, PLOTS, TEST
from project.errors import one_line
from project.files import replacing, write_json
from project.inputs import target_values
from project.intervals import intervals
from project.loading import load
from project.metrics import Scored, compute
from project.onnx_model import OnnxModel
from project.scoring import hold_against
from project.settings.evaluation import Evaluation
from project.tables import keep_pandas_out, read_table


def evaluate(
    model: OnnxModel, test: pa.Table, settings: Evaluation, seed: int
) -> tuple[dict[str, Any], Scored]:
    """Return the evaluation with its verdict, and the scored rows that it rests on.

    A model that is refused is evaluated like any other, so that one can look at it.
    """
    contract = model.contract
    scored = hold_against(target_values(test, contract), model.predict(test), contract.classes)
    values = compute(scored)
    ends = intervals(scored, settings.resamples, settings.confidence, seed)
    verdict, reasons = judge(contract.task, values, settings)
    return {
        "verdict": verdict,
        "reasons": reasons,
        "dataset": contract.dataset,
        "task": contract.task,
        "target": contract.target,
        "classes": contract.classes,
        "rows": test.num_rows,
        "primary": settings.primary,
        "confidence": settings.confidence,
        "metrics": metric_rows(contract.task, values, ends, settings),
        "slices": slice_metrics(test, scored, settings.slices),
        "importance": permutation_importance(model, test, scored, settings.primary, seed),
    }, scored


def main() -> None:
    """Run the stage."""
    model, test, seed = OnnxModel(ONNX), read_table(TEST), load("seed", int)
    report, scored = evaluate(model, test, load("evaluation", Evaluation), seed)
    with replacing(PLOTS) as folder:
        folder.mkdir()
        for name, text in plot_tables(scored, model.contract.classes, seed).items():
            (folder / name).write_text(text, encoding="utf-8")
    write_json(GOLDEN, golden(model, test))
    write_json(METRICS, {name: row["value"] for name, row in report["metrics"].items()})
    write_json(EVALUATION, report)
    print(f"{report['verdict']}: " + ("; ".join(report["reasons"]) or "every threshold is met"))


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
