"""/metrics: what came in and what was answered, under the model's version and digest."""

import re
from collections.abc import Callable
from typing import Any

from serving.bundle import Bundle

RECORD = {"size": 3.0, "age": 4, "new": True, "colour": "g"}
Serve = Callable[..., Any]


def samples(client: Any) -> dict[str, float]:
    """Read the metrics, by name and those labels that are not the model's."""
    read = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = re.sub(r'model_(version|digest)="[^"]*",?', "", name)
            read[name.replace(",}", "}").replace("{}", "")] = float(value)
    return read


def test_every_sample_names_the_model(client: Any, bundle: Callable[..., Bundle]) -> None:
    client.post("/predict", json=RECORD)
    lines = client.get("/metrics").text.splitlines()
    described = bundle()

    named = f'model_digest="{described.digest}",model_version="{described.version}"'
    assert [line for line in lines if not line.startswith("#") and named not in line] == []


def test_requests_are_counted_by_path_and_status(client: Any) -> None:
    for sent in (RECORD, [RECORD] * 3, {}, [RECORD] * 65):
        client.post("/predict", json=sent)
    client.get("/no/such/path")

    found = samples(client)

    assert found['model_requests_total{path="/predict",status="200"}'] == 2
    assert found['model_requests_total{path="/predict",status="422"}'] == 1
    assert found['model_requests_total{path="/predict",status="413"}'] == 1
    assert found['model_requests_total{path="other",status="404"}'] == 1
    assert found['model_request_seconds_count{path="/predict"}'] == 4
    assert found["model_batch_rows_count"] == 2
    assert found["model_batch_rows_sum"] == 4


def test_values_are_counted_by_column(client: Any) -> None:
    other = {"size": None, "age": 4, "new": None, "colour": "mauve"}
    client.post("/predict", json=[RECORD, other, other | {"colour": None}])

    found = samples(client)

    for column, count in {"size": 2, "age": 0, "new": 2, "colour": 1}.items():
        assert found[f'model_missing_values_total{{column="{column}"}}'] == count
    assert found['model_unseen_values_total{column="colour"}'] == 1


def test_predictions_are_counted_by_class(client: Any) -> None:
    records = [RECORD | {"size": size} for size in (0.0, 6.0, 6.0)]
    labels = [one["label"] for one in client.post("/predict", json=records).json()["predictions"]]

    found = samples(client)

    for name in ("no", "yes"):
        assert found[f'model_predictions_total{{class="{name}"}}'] == labels.count(name)


def test_predictions_of_numbers_are_counted_by_value(serve: Serve) -> None:
    client = serve("regression")
    answered = client.post("/predict", json=[RECORD, RECORD | {"age": 50}]).json()["predictions"]

    found = samples(client)

    values = [one["prediction"] for one in answered]
    for edge in (0.0, 8.0, 40.0, 80.0):
        below = sum(value <= edge for value in values)
        assert found[f'model_prediction_bucket{{le="{edge}"}}'] == below


def test_the_metrics_of_evaluation_are_there(client: Any, serve: Serve) -> None:
    assert samples(client)["model_accuracy"] == 0.875
    assert samples(serve("regression"))["model_rmse"] == 1.5
