"""What is tried is not told as news of the model."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from delivery.drift_check import EXPECTED, check_drift
from monitoring.simulate import simulate
from project.tables import Contract


def test_simulated_drift_is_seen_and_leaves_no_verdict_behind(
    made: Callable[..., Path], in_process: None, without_evidently: None
) -> None:
    folder = made()

    check = check_drift()

    assert check.passed, check.said
    assert not (folder / "reports/drift").exists()
    assert list((folder / "build/integration/reports/drift").glob("*.json"))


@pytest.mark.parametrize("kind", EXPECTED)
def test_what_is_simulated_can_be_had_of_categories_alone(kind: str) -> None:
    columns = {"colour": "category"}
    contract = Contract("toy", "classification", "target", ["no", "yes"], columns, {})  # type: ignore[arg-type]
    test = pa.table({"colour": ["r", "g"] * 50, "target": ["no", "yes"] * 50})

    assert simulate(test, contract, kind, 20, seed=1).num_rows == 20
