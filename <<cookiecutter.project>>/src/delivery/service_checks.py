"""Ask a running service whether it is the model that should run, and answers as it should."""

import math
from collections.abc import Iterator

from delivery.checks import Asked, Check, Sent, golden_check, latency
from project.settings.evaluation import DIRECTIONS


def service_checks(asked: Asked) -> Iterator[Check]:
    """Check the package's Bento by its own interface."""
    ready = asked.get("/readyz")
    yield Check("ready", ready.status_code == 200, f"/readyz answered {ready.status_code}")
    inputs = asked.golden["inputs"]
    body = asked.post("/predict", json=inputs)
    found, expected = body["model"]["digest"], asked.package.digests["model"]
    yield Check("digest", found == expected, f"it runs {found}, expected {expected}")
    yield golden_check(body["predictions"], asked.golden)
    yield latency(
        lambda number: asked.post("/predict", json=inputs[number % len(inputs)]),
        asked.settings.p99_milliseconds,
    )
    yield from _gauges(asked)


def service_requests(asked: Asked) -> list[Sent]:
    """Return a request for each golden row."""
    return [("/predict", {"json": row}) for row in asked.golden["inputs"]]


def _gauges(asked: Asked) -> Iterator[Check]:
    """Hold each of the model's own gauges against its floor; all of them have to be there."""
    answer = asked.get("/metrics")
    answer.raise_for_status()
    shown = _shown(answer.text, asked.package.digests["model"])
    wanted = asked.package.manifest["metrics"]
    missing = [name for name in wanted if name not in shown]
    if missing or not wanted:
        yield Check("metrics", False, f"/metrics has no gauge of {', '.join(missing) or 'any'}")
        return
    directions = DIRECTIONS[asked.package.manifest["task"]]
    for name, floor in asked.settings.floors.items():
        if name not in directions:
            continue
        value, higher = shown.get(name, math.nan), directions[name] == "higher"
        holds = value >= floor if higher else value <= floor
        bound = "at least" if higher else "at most"
        yield Check("metrics", holds, f"{name} is {value:.4g}, must be {bound} {floor:g}")
    figures = {name: shown[name] for name in wanted}
    yield Check("metrics", True, f"{len(wanted)} gauges", figures)


def _shown(text: str, digest: str) -> dict[str, float]:
    """Read the gauges of one model out of Prometheus' text format."""
    from prometheus_client.parser import text_string_to_metric_families

    return {
        sample.name.removeprefix("model_"): sample.value
        for family in text_string_to_metric_families(text)
        if family.type == "gauge"
        for sample in family.samples
        if sample.labels.get("model_digest") == digest
    }
