"""What a canary is judged by: each query on series as the service tells them, by promtool."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.golden import GOLDEN

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")

CANARY = 'namespace="wine-model-prod",service="wine-model-canary",pod="b"'
STABLE = 'namespace="wine-model-prod",service="wine-model",pod="a"'


def counted(name: str, labels: str, by_minute: int) -> dict[str, str]:
    """Return a series that counts so many in each minute."""
    return {"series": f"{name}{{{labels}}}", "values": f"0+{by_minute}x20"}


#: By metric of the AnalysisTemplate: series, and what the query gives of them after ten minutes.
CASES: dict[str, tuple[str, list[dict[str, str]], float | None]] = {
    "one error in twenty": (
        "error-ratio",
        [
            counted("model_requests_total", f'{CANARY},path="/predict",status="200"', 95),
            counted("model_requests_total", f'{CANARY},path="/predict",status="500"', 5),
            counted("model_requests_total", f'{STABLE},path="/predict",status="500"', 500),
        ],
        0.05,
    ),
    "no errors yet": (
        "error-ratio",
        [counted("model_requests_total", f'{CANARY},path="/predict",status="200"', 95)],
        None,
    ),
    "no request yet": ("error-ratio", [], None),
    "two of a hundred are slow": (
        "p99-seconds",
        [
            counted("model_request_seconds_bucket", f'{CANARY},path="/predict",le="0.1"', 98),
            counted("model_request_seconds_bucket", f'{CANARY},path="/predict",le="0.25"', 100),
            counted("model_request_seconds_bucket", f'{CANARY},path="/predict",le="+Inf"', 100),
            # Which nobody waits for.
            counted("model_request_seconds_bucket", f'{CANARY},path="/metrics",le="0.1"', 0),
            counted("model_request_seconds_bucket", f'{CANARY},path="/metrics",le="+Inf"', 900),
        ],
        0.175,
    ),
    "half of the rows lack two columns": (
        "missing-per-row",
        [
            counted("model_missing_values_total", f'{CANARY},column="age"', 60),
            counted("model_missing_values_total", f'{CANARY},column="city"', 60),
            counted("model_batch_rows_sum", CANARY, 120),
        ],
        1.0,
    ),
    "each row has a new category": (
        "unseen-per-row",
        [
            counted("model_unseen_values_total", f'{CANARY},column="city"', 60),
            counted("model_batch_rows_sum", CANARY, 60),
        ],
        1.0,
    ),
    "a model without categories": (
        "unseen-per-row",
        [counted("model_batch_rows_sum", CANARY, 60)],
        None,
    ),
    "a fifth goes to the other class": (
        "prediction-shift",
        [
            counted("model_predictions_total", f'{STABLE},class="yes"', 300),
            counted("model_predictions_total", f'{STABLE},class="no"', 300),
            counted("model_predictions_total", f'{CANARY},class="yes"', 180),
            counted("model_predictions_total", f'{CANARY},class="no"', 420),
        ],
        0.2,
    ),
    "too few predictions to tell": (
        "prediction-shift",
        [
            counted("model_predictions_total", f'{STABLE},class="yes"', 300),
            counted("model_predictions_total", f'{STABLE},class="no"', 300),
            counted("model_predictions_total", f'{CANARY},class="yes"', 0),
            counted("model_predictions_total", f'{CANARY},class="no"', 20),
        ],
        None,
    ),
    "a regression": ("prediction-shift", [], None),
}


def queries() -> dict[str, str]:
    """Return each metric's query, as PROD has it."""
    documents = yaml.safe_load_all((GOLDEN / "prod-bento-canary.yaml").read_text(encoding="utf-8"))
    (template,) = [each for each in documents if each["kind"] == "AnalysisTemplate"]
    return {
        metric["name"]: metric["provider"]["prometheus"]["query"]
        for metric in template["spec"]["metrics"]
    }


def test_each_query_has_a_case() -> None:
    assert {metric for metric, _, _ in CASES.values()} == set(queries())


@pytest.mark.parametrize(("metric", "series", "expected"), CASES.values(), ids=CASES.keys())
def test_a_query_tells_what_its_name_says(
    metric: str, series: list[dict[str, str]], expected: float | None, tmp_path: Path
) -> None:
    # round: sums of floats differ in the last digits, and promtool asks for equality.
    query = f"round({queries()[metric]}, 0.0001)"
    samples = [] if expected is None else [{"value": expected, "labels": "{}"}]
    asked = {"expr": query, "eval_time": "10m", "exp_samples": samples}
    case: dict[str, Any] = {
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [asked]}]
    }
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(case))

    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
