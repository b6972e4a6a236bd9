"""The cluster's Alertmanager, with its routes, for a laptop: everybody is told on loopback."""

from pathlib import Path
from typing import Any

from monitoring.durations import seconds
from project.loading import read_yaml

CONFIG = Path("deploy/monitoring/alertmanager.yaml")
WAITS = ("group_wait", "group_interval", "repeat_interval")


def on_loopback(url: str, factor: int) -> dict[str, Any]:
    """Return the cluster's configuration with a webhook `<url>/<receiver>` for each receiver.

    What it waits for is divided by `factor`, though nothing is shorter than a second.
    """
    config: dict[str, Any] = read_yaml(CONFIG.read_text(encoding="utf-8"))
    config["route"] = _hastened(config["route"], factor)
    config["receivers"] = [
        {
            "name": receiver["name"],
            "webhook_configs": [{"url": f"{url}/{receiver['name']}", "send_resolved": False}],
        }
        for receiver in config["receivers"]
    ]
    return config


def _hastened(route: dict[str, Any], factor: int) -> dict[str, Any]:
    waits = {name: f"{max(seconds(route[name]) // factor, 1)}s" for name in WAITS if name in route}
    below = [_hastened(each, factor) for each in route.get("routes", [])]
    return {**route, **waits, **({"routes": below} if below else {})}
