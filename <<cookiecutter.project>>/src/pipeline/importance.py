"""Permutation importance: what a metric loses when a column's values are shuffled."""

import numpy as np
import pyarrow as pa

from project.inputs import model_inputs
from project.metrics import Scored, compute
from project.onnx_model import OnnxModel
from project.scoring import hold_against
from project.settings.evaluation import DIRECTIONS

MOST_ROWS = 1000
REPEATS = 3


def permutation_importance(
    model: OnnxModel, test: pa.Table, scored: Scored, metric: str, seed: int
) -> dict[str, float | None]:
    """Return the mean loss of `metric` by column, largest first; on 1,000 test rows at most.

    Breiman 2001, "Random Forests", section 10. Positive means that the model needs the column.
    """
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(test.num_rows)[:MOST_ROWS])
    inputs = model_inputs(test.take(rows), model.contract)
    sample = scored.take(rows)
    base = compute(sample)[metric]
    classes = model.contract.classes
    sign = 1 if DIRECTIONS[model.contract.task][metric] == "higher" else -1
    losses: dict[str, float | None] = {}
    for name, values in inputs.items():
        shuffled = [
            compute(hold_against(sample.truth, model.predict_inputs(mixed), classes))[metric]
            for mixed in ({**inputs, name: random.permutation(values)} for _ in range(REPEATS))
        ]
        known = [value for value in shuffled if value is not None]
        if base is None or len(known) < REPEATS:
            losses[name] = None
        else:
            losses[name] = sign * (base - float(np.mean(known)))
    return dict(sorted(losses.items(), key=lambda item: -(item[1] or 0.0)))
