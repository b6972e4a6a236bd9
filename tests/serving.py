"""The packaged model as a server, started as its user starts it."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Service:
    """A running `make serve`."""

    def __init__(self, project: Path) -> None:
        clean = {"VIRTUAL_ENV": "", "PYTHONPATH": "", "MAKEFLAGS": "", "MAKELEVEL": ""}
        self.project = project
        self._process = subprocess.Popen(
            ["make", "serve"],
            cwd=project,
            env=os.environ | clean,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_for(lambda: re.search(r"^curl ", self.said, re.MULTILINE), self._process)
        found = re.search(r"^Serving +(http://\S+)$", self.said, re.MULTILINE)
        assert found, self.said
        self.url = found.group(1)
        self.host = urlsplit(self.url).netloc

    @property
    def said(self) -> str:
        """All that it has printed."""
        return "".join(self._lines)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Ask over a connection of its own; return status and body."""
        return ask(self.host, method, path, body)

    def predict(self, records: Any) -> tuple[int, Any]:
        """Ask for predictions."""
        status, body = self.ask("POST", "/predict", json.dumps(records).encode())
        return status, json.loads(body)

    def workers(self) -> list[int]:
        """Return the ids of the processes that answer."""
        listed = subprocess.run(
            ["pgrep", "--full", f"_bentoml_impl.worker.service {self.project.resolve()}/dist"],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(line) for line in listed.stdout.split()]

    def terminate(self) -> None:
        """Ask it to end, as a cluster does."""
        os.killpg(self._process.pid, signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it has ended."""
        code = self._process.wait(timeout=60)
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()
        return code

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)


@contextmanager
def served(project: Path) -> Iterator[Service]:
    """Serve a project's package for as long as the block lasts."""
    service = Service(project)
    try:
        yield service
    finally:
        if service._process.poll() is None:
            service.terminate()
        service.wait()


def ask(host: str, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Ask over a connection of its own; return status and body."""
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for(
    true: Callable[[], Any], process: subprocess.Popen[str] | None = None, seconds: float = 60
) -> None:
    """Wait until something is true; fail where it does not become so, or the process ends."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it takes too long"
        assert process is None or process.poll() is None, "it ended"
        time.sleep(0.05)


def left_running(project: Path) -> list[str]:
    """Return the commands of processes that work in a project's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("cwd").readlink().is_relative_to(project):
                words = process.joinpath("cmdline").read_bytes().decode().split("\0")
                found.append(" ".join(words))
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
    return found
