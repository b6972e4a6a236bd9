"""What is tried is not told as news of the model."""

from collections.abc import Callable
from pathlib import Path

from delivery.drift_check import check_drift


def test_simulated_drift_is_seen_and_leaves_no_verdict_behind(made: Callable[..., Path]) -> None:
    folder = made()

    check = check_drift()

    assert check.passed, check.said
    assert not (folder / "reports/drift").exists()
    assert len(list((folder / "build/integration/reports/drift").glob("*.json"))) == 2
