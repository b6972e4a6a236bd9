"""How to run the model: its contract, one request with its answer, and a script."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporting.run import Run

EXAMPLE = Path(__file__).with_name("example.py")


@dataclass(frozen=True)
class Serving:
    """What a client must know."""

    inputs: list[tuple[str, str, str]]
    outputs: list[tuple[str, str, str]]
    request: str
    answer: str
    script: str


TYPES = {
    "number": ("float32", "NaN where missing"),
    "boolean": ("float32", "1, 0, NaN where missing"),
    "category": ("string", "empty where missing"),
}


def serving(run: Run) -> Serving:
    """Return the contract, with the first of the golden rows as the example."""
    columns: dict[str, Any] = run.params["dataset"]["columns"]
    classes = run.evaluation["classes"]
    outputs = [("prediction", "float32", "one number for each row")]
    if classes:
        outputs = [
            ("label", "string", "the class that the model answers"),
            ("probabilities", "float32", f"one for each of {len(classes)} classes, in their order"),
        ]
    return Serving(
        inputs=[(name, *TYPES[spec["type"]]) for name, spec in columns.items()],
        outputs=outputs,
        request=_json(run.golden["inputs"][0]),
        answer=_json(run.golden["outputs"][0]),
        script=EXAMPLE.read_text(encoding="utf-8"),
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
