"""Durations as Prometheus and Alertmanager write them."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Return a duration such as 5m in seconds."""
    return int(duration[:-1]) * UNITS[duration[-1]]
