"""Servers on this machine: starting them, what they cost, and load on them."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ENVIRONMENT

LOAD = Path(__file__).with_name("load.py")
SERVERS = Path(__file__).with_name("servers")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """What came of a load; times in seconds. processor: of the server, for each answer."""

    rate: float
    median: float
    p99: float
    processor: float
    failed: int


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def load(self, path: str, body: Path, connections: int, seconds: float) -> Load:
        """Put load on it."""
        before = self.processor()
        command = [
            *("bin/python", str(LOAD), str(self.port), path),
            *(str(body), str(connections), str(seconds)),
        ]
        said = json.loads(subprocess.check_output(command, cwd=self.folder, env=ENVIRONMENT))
        return Load(
            said["rate"],
            said["median"],
            said["p99"],
            (self.processor() - before) / said["answers"],
            said["failed"],
        )

    def processor(self) -> float:
        """Return the seconds of processor that it has taken."""
        return sum(int(fields[11]) + int(fields[12]) for fields in self._stats()) / TICKS

    def memory(self) -> int:
        """Return the bytes of memory that it holds."""
        return sum(int(fields[21]) for fields in self._stats()) * PAGE

    def processes(self) -> set[int]:
        """Return the ids of its processes: the one that was started, and all below it."""
        return set(self._tree())

    def _stats(self) -> list[list[str]]:
        return list(self._tree().values())

    def _tree(self) -> dict[int, list[str]]:
        all_ = dict(_stats())
        found = {self.process.pid}
        while more := {pid for pid, fields in all_.items() if int(fields[1]) in found} - found:
            found |= more
        return {pid: fields for pid, fields in all_.items() if pid in found}


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Read what /proc says of each process, from its state on."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            yield int(path.parent.name), path.read_text().rpartition(") ")[2].split()


@contextmanager
def serving(folder: Path, *command: str, ready: str = "/", **environment: str) -> Iterator[Server]:
    """Run a server's command, in which `PORT` is its port, until the block ends."""
    port = free_port()
    log = (folder / f"server-{port}.log").open("wb")
    process = subprocess.Popen(
        [word.replace("PORT", str(port)) for word in command],
        cwd=folder,
        env=ENVIRONMENT | environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    server = Server(process, folder, port)
    try:
        wait_until_ready(server, ready)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        log.close()


def bento(folder: Path) -> tuple[str, ...]:
    """Return the command that serves a project's package."""
    where = ("--host", "127.0.0.1", "--port", "PORT")
    return ("bin/python", "-m", "bentoml", "serve", str(folder / "dist/bento"), *where)


def bento_environment(folder: Path) -> dict[str, str]:
    """Return what `make serve` sets for it."""
    return {
        "BENTOML_HOME": str(folder / "build/bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "PREDICTIONS_FOLDER": str(folder / "data/predictions"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def uvicorn(name: str) -> tuple[str, ...]:
    """Return the command that runs an application in benchmarks/servers/."""
    quiet = ("--log-level", "warning", "--no-access-log")
    where = ("--app-dir", str(SERVERS), "--host", "127.0.0.1", "--port", "PORT")
    return ("bin/python", "-m", "uvicorn", f"{name}:app", *where, *quiet)


def wait_until_ready(server: Server, path: str) -> None:
    """Return when the server answers, with whatever status but 503."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"the server on port {server.port} does not start: see {server.folder}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
