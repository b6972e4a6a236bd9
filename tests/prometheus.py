"""Debian's Prometheus and Pushgateway on this machine alone, and questions to them."""

import json
import math
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.tracking_server import end, free_port, wait_for


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Run a Pushgateway until the block ends; yield host:port."""
    address = f"127.0.0.1:{free_port()}"
    with _running("prometheus-pushgateway", folder, address):
        yield address


@contextmanager
def prometheus(
    folder: Path, groups: list[dict[str, Any]], scraped: list[dict[str, Any]]
) -> Iterator[str]:
    """Run a Prometheus that looks each second, until the block ends; yield its URL."""
    address = f"127.0.0.1:{free_port()}"
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": scraped,
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    words = [f"--config.file={folder / 'prometheus.yml'}"]
    with _running("prometheus", folder, address, *words, f"--storage.tsdb.path={folder / 'data'}"):
        yield f"http://{address}"


def values(url: str, query: str, since: float) -> list[float]:
    """Return the numbers that a query gave at any time since then."""
    asked = {"query": query, "start": since, "end": time.time(), "step": "1s"}
    with urlopen(f"{url}/api/v1/query_range?{urlencode(asked)}", timeout=30) as answer:
        found = json.load(answer)["data"]["result"]
    numbers = (float(number) for series in found for _, number in series["values"])
    return [number for number in numbers if math.isfinite(number)]


@contextmanager
def _running(program: str, folder: Path, address: str, *words: str) -> Iterator[None]:
    log = folder / f"{program}.log"
    with log.open("w") as said:
        server = subprocess.Popen(
            [program, f"--web.listen-address={address}", *words],
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait_for(lambda: urlopen(f"http://{address}/-/ready", timeout=5).close(), server, log)
        yield
    finally:
        end(server)
