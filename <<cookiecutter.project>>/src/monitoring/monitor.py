"""What a cluster would tell, on one machine: `make monitor [DRIFT=shift] [ROWS=…]`.

The packaged service, simulated traffic, a drift check, and Debian's Prometheus and Alertmanager
with the chart's rules and the cluster's routes, all on loopback and in haste. It ends by itself,
and leaves nothing running. What it writes is in build/monitor/: neither the predictions nor the
verdicts of the project see any of it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from monitoring.disturbances import DISTURBANCES
from monitoring.laptop import Laptop, find_programs
from monitoring.loopback import Loopback, listening
from monitoring.prometheus import INTERVAL, alerts, ask
from monitoring.rules import Watched
from monitoring.simulate import draw, refuse_unknown
from project.artefacts import BENTO, DRIFT, DVC_LOCK, MANIFEST
from project.ending import leave_when_told
from project.errors import UserError, one_line
from project.files import read_json
from project.git import last_change
from project.settings.monitoring import load_monitoring
from project.tables import keep_pandas_out
from project.trial_folder import lay_out, variables

WORK = Path("build/monitor")
USAGE = f"make monitor [DRIFT={'|'.join(DISTURBANCES)}] [ROWS=600]"
LAPTOP = "laptop"
#: Exit codes of the drift check that are verdicts rather than errors.
VERDICTS = (0, 3, 4)
#: For a first scrape, and for the scrape of what was published: far more than either takes.
SCRAPE_SECONDS = 30.0


def main() -> None:
    """Run it all once, and say what fired."""
    leave_when_told()
    settings = load_monitoring().monitor
    drift, rows = (os.environ.get(name, "") for name in ("DRIFT", "ROWS"))
    drift, rows = drift or "shift", rows or str(settings.rows)
    refuse_unknown(drift, rows, USAGE)
    laptop = Laptop(WORK, settings.haste, find_programs())
    watched = _watched()
    draw(drift, rows=1)  # what this data cannot have, it says before anything runs
    lay_out(WORK)
    with ExitStack() as servers:
        loopback = servers.enter_context(listening(WORK / DRIFT / "drift.prom"))
        service = servers.enter_context(laptop.service())
        router = servers.enter_context(laptop.alertmanager(loopback))
        url = servers.enter_context(laptop.prometheus(watched, service, loopback, router))
        print(f"Service {service}, Alertmanager {router}, Prometheus {url}", flush=True)
        # A counter that Prometheus sees for the first time has not grown.
        _wait_for(lambda: ask(url, "count_over_time(model_batch_rows_sum[1m]) >= 2"))
        _traffic(f"http://{service}", drift, rows)
        _check()
        _wait_for(lambda: ask(url, "model_drift_last_run_timestamp_seconds"))
        firing = _told(url, loopback, settings.seconds)
        print(summary(firing, loopback.told, settings.haste))


def summary(firing: list[dict[str, Any]], told: Mapping[str, set[str]], haste: int) -> str:
    """Say of each alert whom it called, and what it says."""
    lines = [""]
    for alert in sorted(firing, key=lambda each: str(each["labels"])):
        name, severity = alert["labels"]["alertname"], alert["labels"]["severity"]
        heard = ", ".join(sorted(who for who, names in told.items() if name in names)) or "nobody"
        lines.append(f"{name} ({severity}): told {heard}")
        lines.append(f"  {alert['annotations']['summary']}")
        lines.append(f"  {alert['annotations']['runbook_url']}")
    fired = "1 alert fired" if len(firing) == 1 else f"{len(firing)} alerts fired"
    lines.append(f"{fired}; on a cluster, rules and routes wait {haste} times as long")
    return "\n".join(lines)


def _watched() -> Watched:
    if not (BENTO / "bento.yaml").exists():
        raise UserError(f"{BENTO} is not there: no model was packaged yet; type: make repro")
    manifest = read_json(MANIFEST)
    return Watched(
        name=manifest["name"],
        environment=LAPTOP,
        namespace=LAPTOP,
        version=manifest["version"],
        committed=last_change(DVC_LOCK, "HEAD"),
    )


def _traffic(url: str, drift: str, rows: str) -> None:
    _run("monitoring.simulate", (0,), DRIFT=drift, ROWS=rows, URL=url, OUT="", LABELS="")
    time.sleep(1)  # for the service to write what it has answered


def _check() -> None:
    words = {"CURRENT": "predictions", "SINCE": "", "ENVIRONMENT": LAPTOP, "PUSHGATEWAY": ""}
    _run("monitoring.drift", VERDICTS, **words)


def _run(module: str, good: tuple[int, ...], **words: str) -> None:
    """Run a module in the folder that is like the project's; where it fails it has said why."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=WORK,
        env=variables(**words),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in good:
        sys.exit(1)
    print(done.stdout.replace(str(DRIFT), str(WORK / DRIFT)), end="", flush=True)


def _told(url: str, loopback: Loopback, seconds: float) -> list[dict[str, Any]]:
    """Wait until all were told of what fires, or the time is over; return what fires."""
    firing: list[dict[str, Any]] = []

    def settled() -> bool:
        found = alerts(url)
        firing[:] = [alert for alert in found if alert["state"] == "firing"]
        return len(firing) == len(found) and all(_heard(alert, loopback) for alert in firing)

    time.sleep(5 * INTERVAL)  # for rules that look at what another rule has recorded
    _wait_for(settled, seconds)
    return firing


def _heard(alert: dict[str, Any], loopback: Loopback) -> bool:
    labels = alert["labels"]
    receivers = ["people", *(["retraining"] if labels.get("action") == "retrain" else [])]
    return all(labels["alertname"] in loopback.told[receiver] for receiver in receivers)


def _wait_for(true: Callable[[], Any], seconds: float = SCRAPE_SECONDS) -> None:
    """Wait until something is true; what is not when the time is over, the summary shows."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.5)


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
