"""The servers that watch a model, on loopback: the service, Prometheus and Alertmanager."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitoring.alertmanager import on_loopback
from monitoring.loopback import Loopback
from monitoring.processes import running
from monitoring.prometheus import INTERVAL, configuration
from monitoring.rules import Watched, default_thresholds, hastened, rule_groups
from project.errors import UserError
from project.files import write_text
from project.serve import command, environment, free_port
from project.yaml_text import yaml_text

HOST = "127.0.0.1"
PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"
#: Debian's names of the programs, which are those of its packages too; then what others call them.
PROGRAMS = {PROMETHEUS: (PROMETHEUS,), ALERTMANAGER: (ALERTMANAGER, "alertmanager")}


@dataclass(frozen=True)
class Laptop:
    """Starts servers, each for as long as a block lasts.

    work: where they write. haste: by how much rules and routes are quicker. programs: by package.
    """

    work: Path
    haste: int
    programs: dict[str, str]

    @contextmanager
    def service(self) -> Iterator[str]:
        """Serve the package, and record below `work`; yield host:port."""
        port = free_port(HOST)
        address = f"{HOST}:{port}"
        variables = environment(str(self.work / "predictions"))
        log = self.work / "service.log"
        ready = f"http://{address}/readyz"
        with running("the service", command(HOST, port), ready, log, variables):
            yield address

    @contextmanager
    def alertmanager(self, loopback: Loopback) -> Iterator[str]:
        """Route as the cluster does, to `loopback`; yield host:port."""
        address, config = f"{HOST}:{free_port(HOST)}", self.work / "alertmanager.yml"
        write_text(config, yaml_text(on_loopback(f"http://{loopback.address}", self.haste)))
        words = [
            self.programs[ALERTMANAGER],
            f"--config.file={config}",
            f"--storage.path={self.work / 'alertmanager'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",  # it is alone
        ]
        log = self.work / "alertmanager.log"
        with running("Alertmanager", words, f"http://{address}/-/ready", log):
            yield address

    @contextmanager
    def prometheus(
        self, watched: Watched, service: str, loopback: Loopback, alertmanager: str
    ) -> Iterator[str]:
        """Watch the service at host:port by the chart's rules; yield the URL."""
        address, config = f"{HOST}:{free_port(HOST)}", self.work / "prometheus.yml"
        # Longer than all of this takes: traffic comes once, and its absence later says nothing.
        thresholds = default_thresholds() | {"quietMinutes": 10 * self.haste}
        groups = hastened(rule_groups(watched, thresholds), self.haste, INTERVAL)
        settings = configuration(watched, service, loopback.address, alertmanager)
        write_text(self.work / "rules.yaml", yaml_text({"groups": groups}))
        write_text(config, yaml_text(settings))
        words = [
            self.programs[PROMETHEUS],
            f"--config.file={config}",
            f"--storage.tsdb.path={self.work / 'prometheus'}",
            f"--web.listen-address={address}",
        ]
        url, log = f"http://{address}", self.work / "prometheus.log"
        with running("Prometheus", words, f"{url}/-/ready", log):
            yield url


def find_programs() -> dict[str, str]:
    """Return where each program is, by its package; `UserError` names one that is not there."""
    return {package: _found(package, names) for package, names in PROGRAMS.items()}


def _found(package: str, names: tuple[str, ...]) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise UserError(
        f"{package} is not installed; type: sudo apt install {' '.join(PROGRAMS)} "
        "(elsewhere: put prometheus and alertmanager on the PATH)"
    )
