"""A verdict as Prometheus metrics: in a file, and in a Pushgateway where one is named."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

from project.artefacts import DRIFT
from project.errors import UserError
from project.files import replacing

TEXT = DRIFT / "drift.prom"


def write_metrics(verdict: dict[str, Any], path: Path = TEXT) -> Any:
    """Write the text that Prometheus's node exporter collects; return the registry."""
    from prometheus_client import generate_latest

    registry = metrics(verdict)
    with replacing(path) as temporary:
        temporary.write_bytes(generate_latest(registry))
    return registry


def push(verdict: dict[str, Any], registry: Any) -> None:
    """Put the metrics where PUSHGATEWAY says; `UserError` where it does not take them."""
    url = os.environ.get("PUSHGATEWAY", "")
    if not url:
        return
    from prometheus_client import push_to_gateway

    grouping = {"model": verdict["model"]["name"], "environment": environment()}
    try:
        push_to_gateway(url, "drift", registry, grouping, timeout=10)
    except (URLError, ValueError, OSError) as error:
        why = getattr(error, "reason", error)
        raise UserError(f"PUSHGATEWAY: {url}: not published: {why}") from None


def environment() -> str:
    """Name where the model runs, as ENVIRONMENT says."""
    return os.environ.get("ENVIRONMENT", "") or "local"


def metrics(verdict: dict[str, Any]) -> Any:
    """Return a registry of a verdict's metrics, each labelled with model and environment."""
    from prometheus_client import CollectorRegistry, Gauge

    model = verdict["model"]
    same = {
        "model": model["name"],
        "model_version": model["version"],
        "model_digest": model["digest"],
        "environment": environment(),
    }
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *labels: str) -> Any:
        return Gauge(f"model_{name}", text, [*same, *labels], registry=registry)

    def one(name: str, text: str, value: float) -> None:
        gauge(name, text).labels(**same).set(value)

    one("drift_detected", "1 where drift is found", verdict["verdict"] == "drift")
    one("drift_rows", "Rows that the verdict rests on", verdict["rows"]["used"])
    one("drift_unreadable_lines", "Lines that could not be read", verdict["rows"]["unreadable"])
    one(
        "drift_last_run_timestamp_seconds",
        "When the verdict was made",
        _seconds(verdict["time"]),
    )
    word = gauge("drift_verdict", "1 for the verdict that holds", "verdict")
    for name in ("none", "drift", "too_little"):
        word.labels(**same, verdict=name).set(name == verdict["verdict"])
    _columns(verdict, gauge, same)
    _quality(verdict["quality"], gauge, one, same)
    return registry


def _columns(verdict: dict[str, Any], gauge: Any, same: dict[str, str]) -> None:
    shown = {
        "score": gauge("drift_score", "Population stability index", "column"),
        "threshold": gauge("drift_threshold", "Score from which it is drift", "column"),
        "drifted": gauge("drift_column_drifted", "1 where a column has drifted", "column"),
    }
    missing = gauge("drift_missing_share", "Share of values that are missing", "column")
    unseen = gauge("drift_unseen_share", "Share of values that training has not seen", "column")
    columns = {column["name"]: column for column in verdict["columns"]}
    if verdict["prediction"]:
        columns["prediction"] = verdict["prediction"]
    for name, column in columns.items():
        for key, metric in shown.items():
            metric.labels(**same, column=name).set(column[key])
        missing.labels(**same, column=name).set(column["missing"]["current"])
        if column["unseen"] is not None:
            unseen.labels(**same, column=name).set(column["unseen"])


def _quality(quality: dict[str, Any] | None, gauge: Any, one: Any, same: dict[str, str]) -> None:
    if quality is None:
        return
    one("quality_rows", "Rows whose label has arrived", quality["labelled"])
    value = gauge("quality", "What the model reaches on labelled rows", "metric")
    floor = gauge("quality_floor", "What it must reach", "metric")
    kept = gauge("quality_kept", "1 where it does, or where too few labels have come", "metric")
    for metric in quality["metrics"]:
        kept.labels(**same, metric=metric["name"]).set(metric["kept"])
        if metric["current"] is not None:
            value.labels(**same, metric=metric["name"]).set(metric["current"])
        if metric["floor"] is not None:
            floor.labels(**same, metric=metric["name"]).set(metric["floor"])


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
