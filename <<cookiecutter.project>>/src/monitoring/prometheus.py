"""A Prometheus on loopback, with the cluster's rules in haste, and questions to it."""

import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from monitoring.loopback import METRICS
from monitoring.rules import Watched

#: Seconds between two scrapes, and between two looks at the rules.
INTERVAL = 1


def configuration(
    watched: Watched, service: str, loopback: str, alertmanager: str
) -> dict[str, Any]:
    """Return prometheus.yml; addresses are host:port. Labels are those that a cluster would give.

    rules.yaml is expected beside it.
    """
    every = f"{INTERVAL}s"
    pod = {"namespace": watched.namespace, "service": watched.name, "pod": "laptop"}
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {
                "job_name": watched.name,
                "static_configs": [{"targets": [service], "labels": pod}],
            },
            {
                "job_name": "drift",
                "honor_labels": True,
                "metrics_path": METRICS,
                "static_configs": [
                    {"targets": [loopback], "labels": {"environment": watched.environment}}
                ],
            },
        ],
    }


def ask(url: str, query: str) -> list[dict[str, Any]]:
    """Return the samples that a query gives now."""
    data = _get(f"{url}/api/v1/query?{urlencode({'query': query})}")
    samples: list[dict[str, Any]] = data["result"]
    return samples


def alerts(url: str) -> list[dict[str, Any]]:
    """Return the alerts that are pending or firing."""
    found: list[dict[str, Any]] = _get(f"{url}/api/v1/alerts")["alerts"]
    return found


def _get(url: str) -> Any:
    with urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]
