"""A stage imports what its job needs: start-up is most of what a small data set costs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import run

#: What no stage but these may import, by the stages that do.
HEAVY = {
    "tensorflow": set(),
    "sklearn": {"train", "export"},
    "pandas": {"train", "export"},
    "skl2onnx": {"export"},
    "onnx": {"export", "package"},
    "onnxruntime": {"export", "evaluate"},
    "mlflow": set(),
    "bentoml": set(),
    "pydantic": set(),  # the stage settings checks them all
    "ruamel.yaml": set(),
}

REPORT = """
import runpy, sys
try:
    runpy.run_module("pipeline.{stage}", run_name="__main__")
finally:
    print("imported:", *sorted(set(sys.modules) & {heavy}))
"""


@pytest.mark.parametrize(
    "stage", ["fetch", "validate", "prepare", "train", "export", "evaluate", "package"]
)
def test_a_stage_imports_what_its_job_needs(trained: Callable[..., Path], stage: str) -> None:
    project = trained("startup", "model=random_forest")

    done = run(["bin/python", "-c", REPORT.format(stage=stage, heavy=set(HEAVY))], project)

    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split("imported:")[1].split())
    assert imported == {name for name, stages in HEAVY.items() if stage in stages}
