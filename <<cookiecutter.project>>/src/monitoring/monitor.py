"""What a cluster would tell, on one machine: `make monitor [DRIFT=shift] [ROWS=…]`.

The packaged service, simulated traffic, a drift check, and Debian's Prometheus and Alertmanager
with the chart's rules and the cluster's routes, all on loopback and in haste. It ends by itself,
and leaves nothing running. What it writes is in build/monitor/: neither the predictions nor the
verdicts of the project see any of it.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from monitoring.alertmanager import on_loopback
from monitoring.loopback import Loopback, listening
from monitoring.processes import running
from monitoring.prometheus import INTERVAL, alerts, ask, configuration
from monitoring.rules import Watched, default_thresholds, hastened, rule_groups
from project.artefacts import BENTO, CONF, DRIFT, DVC_LOCK, ONNX, PARAMS, REFERENCE, TEST
from project.errors import UserError, one_line
from project.files import read_json, write_text
from project.git import last_change
from project.serve import command, environment, free_port
from project.settings.monitoring import Monitor, load_monitoring
from project.yaml_text import yaml_text

HOST = "127.0.0.1"
LAPTOP = "laptop"
WORK = Path("build/monitor")
#: What the check and the traffic read of the project.
READ = (PARAMS, CONF, ONNX, REFERENCE, TEST)
#: Debian's names of the programs, which are those of its packages too; then what others call them.
PROGRAMS = {"prometheus": ("prometheus",), "prometheus-alertmanager": ("alertmanager",)}
#: Of the drift check, what is a verdict rather than an error.
VERDICTS = (0, 3, 4)


def main() -> None:
    """Run it all once, and say what fired."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    settings = load_monitoring().monitor
    programs = {package: _program(package) for package in PROGRAMS}
    watched = _watched()
    _lay_out()
    with ExitStack() as stack:
        loopback = stack.enter_context(listening(WORK / DRIFT / "drift.prom"))
        service = stack.enter_context(_service())
        told = stack.enter_context(_alertmanager(programs, loopback, settings))
        asked = stack.enter_context(
            _prometheus(programs, watched, service, loopback, told, settings)
        )
        # Counters are rates only from their second scrape on.
        _wait_for(lambda: _samples(asked, "count_over_time(model_batch_rows_sum[1m]) >= 2"), 30)
        _traffic(f"http://{service}", settings)
        _check()
        _wait_for(lambda: _samples(asked, "model_drift_last_run_timestamp_seconds"), 30)
        firing = _told(asked, loopback, settings.seconds)
        print(summary(firing, loopback.told, settings.haste))


def summary(firing: list[dict[str, Any]], told: dict[str, set[str]], haste: int) -> str:
    """Say of each alert whom it called, and what it says."""
    lines = [""]
    for alert in sorted(firing, key=lambda each: str(each["labels"]["alertname"])):
        name, severity = alert["labels"]["alertname"], alert["labels"]["severity"]
        heard = ", ".join(sorted(who for who, names in told.items() if name in names)) or "nobody"
        lines.append(f"{name} ({severity}): told {heard}")
        lines.append(f"  {alert['annotations']['summary']}")
        lines.append(f"  {alert['annotations']['runbook_url']}")
    what = f"{len(firing)} alerts fired" if len(firing) != 1 else "1 alert fired"
    lines.append(f"{what}; on a cluster, rules wait {haste} times as long")
    return "\n".join(lines)


def _program(package: str) -> str:
    for name in (package, *PROGRAMS[package]):
        if found := shutil.which(name):
            return found
    raise UserError(
        f"{package} is not installed; type: sudo apt install {' '.join(PROGRAMS)} "
        "(elsewhere: put prometheus and alertmanager on the PATH)"
    )


def _watched() -> Watched:
    if not (BENTO / "bento.yaml").exists():
        raise UserError(f"{BENTO} is not there: no model was packaged yet; type: make repro")
    manifest = read_json(BENTO.parent / "manifest.json")
    return Watched(
        name=manifest["name"],
        environment=LAPTOP,
        namespace=LAPTOP,
        version=manifest["version"],
        committed=last_change(DVC_LOCK, "HEAD"),
    )


def _lay_out() -> None:
    """Make a folder like the project's, in which nothing is of the project's own records."""
    shutil.rmtree(WORK, ignore_errors=True)
    for path in READ:
        (WORK / path).parent.mkdir(parents=True, exist_ok=True)
        (WORK / path).symlink_to(path.resolve())


@contextmanager
def _service() -> Iterator[str]:
    address = f"{HOST}:{(port := free_port(HOST))}"
    variables = environment(str(WORK / "predictions"))
    ready, log = f"http://{address}/readyz", WORK / "service.log"
    with running("the service", command(HOST, port), ready, log, variables):
        print(f"service       http://{address}", flush=True)
        yield address


@contextmanager
def _alertmanager(programs: dict[str, str], loopback: Loopback, settings: Monitor) -> Iterator[str]:
    address, config = f"{HOST}:{free_port(HOST)}", WORK / "alertmanager.yml"
    write_text(config, yaml_text(on_loopback(f"http://{loopback.address}", settings.haste)))
    words = [programs["prometheus-alertmanager"], f"--config.file={config}"]
    words += [f"--storage.path={WORK / 'alertmanager'}", f"--web.listen-address={address}"]
    words += ["--cluster.listen-address="]  # it is alone
    with running("Alertmanager", words, f"http://{address}/-/ready", WORK / "alertmanager.log", {}):
        print(f"Alertmanager  http://{address}", flush=True)
        yield address


@contextmanager
def _prometheus(
    programs: dict[str, str],
    watched: Watched,
    service: str,
    loopback: Loopback,
    alertmanager: str,
    settings: Monitor,
) -> Iterator[str]:
    address, config = f"{HOST}:{free_port(HOST)}", WORK / "prometheus.yml"
    # Longer than all of this takes: traffic came once, and its absence later says nothing.
    thresholds = default_thresholds() | {"quietMinutes": 10 * settings.haste}
    groups = hastened(rule_groups(watched, thresholds), settings.haste, INTERVAL)
    write_text(WORK / "rules.yaml", yaml_text({"groups": groups}))
    write_text(config, yaml_text(configuration(watched, service, loopback.address, alertmanager)))
    words = [programs["prometheus"], f"--config.file={config}"]
    words += [f"--storage.tsdb.path={WORK / 'prometheus'}", f"--web.listen-address={address}"]
    url = f"http://{address}"
    with running("Prometheus", words, f"{url}/-/ready", WORK / "prometheus.log", {}):
        print(f"Prometheus    {url}", flush=True)
        yield url


def _traffic(url: str, settings: Monitor) -> None:
    drift = os.environ.get("DRIFT", "") or "shift"
    rows = os.environ.get("ROWS", "") or str(settings.rows)
    done = _module("monitoring.simulate", DRIFT=drift, ROWS=rows, URL=url, OUT="", LABELS="")
    if done.returncode:
        sys.exit(1)  # it has said why
    print(done.stdout.decode(), end="", flush=True)
    time.sleep(1)  # for the service to write what it has answered


def _check() -> None:
    words = {"CURRENT": "predictions", "SINCE": "", "ENVIRONMENT": LAPTOP, "PUSHGATEWAY": ""}
    done = _module("monitoring.drift", **words)
    if done.returncode not in VERDICTS:
        sys.exit(1)  # it has said why
    print(done.stdout.decode().replace(str(DRIFT), str(WORK / DRIFT)), end="", flush=True)


def _module(name: str, **words: str) -> subprocess.CompletedProcess[bytes]:
    """Run a module of the project in the folder that is like it."""
    sources = {"PYTHONPATH": str(Path("src").resolve())}
    return subprocess.run(
        [sys.executable, "-m", name],
        cwd=WORK,
        env=os.environ | sources | words,
        stdout=subprocess.PIPE,
        check=False,
    )


def _told(url: str, loopback: Loopback, seconds: float) -> list[dict[str, Any]]:
    """Wait until people were told of all that fires; return that."""
    firing: list[dict[str, Any]] = []

    def settled() -> bool:
        found = alerts(url)
        firing[:] = [alert for alert in found if alert["state"] == "firing"]
        waits = [alert for alert in firing if not _heard(alert, loopback)]
        return len(firing) == len(found) and not waits

    time.sleep(5 * INTERVAL)  # for rules that look at what a rule has recorded
    _wait_for(settled, seconds)
    return firing


def _heard(alert: dict[str, Any], loopback: Loopback) -> bool:
    name = alert["labels"]["alertname"]
    receivers = {"people"} | (
        {"retraining"} if alert["labels"].get("action") == "retrain" else set()
    )
    return all(name in loopback.told[receiver] for receiver in receivers)


def _samples(url: str, query: str) -> bool:
    return bool(ask(url, query))


def _wait_for(true: Any, seconds: float) -> None:
    """Wait until something is true, or the time is over: then what is there is what is told."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.5)


if __name__ == "__main__":
    one_line(main)
