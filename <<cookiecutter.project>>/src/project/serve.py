"""Serve the package's Bento, and say where it is and how it is asked."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from errno import EADDRNOTAVAIL
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from project.artefacts import BENTO
from project.ending import leave_when_told, told_afterwards, told_by
from project.errors import UserError, one_line
from project.files import read_json

START_SECONDS = 60.0
END_SECONDS = 10.0  # in which it finishes what it is at, unless it has not heard


def main() -> None:
    """Serve dist/bento until it is stopped."""
    if not (BENTO / "bento.yaml").exists():
        raise UserError(f"{BENTO} is not there: no model was packaged yet; type: make repro")
    settings = read_json(BENTO / "src/serving.json")
    host, port = settings["host"], asked_port() or settings["port"]
    refuse_taken(host, port)
    port = port or free_port(host)
    leave_when_told()
    server = None
    try:
        with told_afterwards():
            server = start(host, port, settings["recording"]["folder"])
        told = end_when_told(server)
        wait_until_ready(server, f"http://{host}:{port}", told)
        if told:
            sys.exit(128 + told[0])
        print(shown(f"http://{host}:{port}", settings["recording"]), flush=True)
        sys.exit(server.wait())
    finally:
        if server:
            stop(server)


def start(host: str, port: int, recordings: str, bento: Path = BENTO) -> subprocess.Popen[bytes]:
    """Start BentoML's server."""
    return subprocess.Popen(
        command(host, port, bento),
        env=os.environ | environment(recordings),
        stdout=sys.stderr,
        start_new_session=True,  # a terminal's Ctrl-C reaches us alone, and the server by us
    )


def command(host: str, port: int, bento: Path = BENTO) -> list[str]:
    """Return BentoML's command."""
    # An absolute path: BentoML looks for a relative one within itself.
    where = [str(bento.resolve()), "--host", host, "--port", str(port)]
    how = ["--quiet"]  # no word of its steps; errors and our own warnings stay
    return [sys.executable, "-m", "bentoml", "serve", *where, *how]


def environment(recordings: str) -> dict[str, str]:
    """Return the variables that BentoML's server needs; `recordings` is a folder."""
    return {
        "BENTOML_HOME": str(Path("build/bentoml").resolve()),
        "BENTOML_DO_NOT_TRACK": "true",
        "PREDICTIONS_FOLDER": str(Path(recordings).resolve()),
        # What is packaged stays as it is, and as it was signed.
        "PYTHONPYCACHEPREFIX": str(Path("build/bytecode").resolve()),
    }


def end_when_told(server: subprocess.Popen[bytes]) -> list[int]:
    """Have what tells us to end, Ctrl-C too, end the server, which finishes what it is at; list it.

    As SIGTERM: to a Python that is still starting, Ctrl-C is worth a traceback.
    """
    told: list[int] = []

    def tell(number: int, frame: FrameType | None) -> None:
        told.append(number)
        server.terminate()

    for number in (*told_by(), signal.SIGINT):
        signal.signal(number, tell)
    return told


def wait_until_ready(server: subprocess.Popen[bytes], url: str, told: list[int]) -> None:
    """Return once the golden inputs have given the golden outputs; `UserError` where they don't.

    Ends this process where it was `told` to end meanwhile.
    """
    deadline = time.monotonic() + START_SECONDS
    why = f"no answer within {START_SECONDS:g} seconds"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            if told:
                sys.exit(128 + told[0])
            raise UserError(f"{BENTO}: the server ended by itself; its log stands above")
        try:
            with urlopen(f"{url}/readyz", timeout=5):
                return
        except HTTPError as error:
            why = json.loads(error.read())["error"]
            break
        except (URLError, OSError):
            time.sleep(0.05)
    raise UserError(f"{BENTO}: not ready: {why}")


def shown(url: str, recording: dict[str, Any]) -> str:
    """Say where the service is, with a request that works."""
    golden = read_json(BENTO / "src/golden.json")
    record = shlex.quote(json.dumps(golden["inputs"][0], ensure_ascii=False))
    kept = recording["folder"] if recording["enabled"] else "off"
    return (
        f"\nServing   {url}\nMetrics   {url}/metrics\nRecorded  {kept}\n"
        f"\ncurl {url}/predict -d {record}\n"
    )


def wait_until_it_answers(server: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Return once it answers, whatever it says, or has ended, or has had its time."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        # BentoML listens long before it answers: who has asked waits. By no proxy.
        connection = HTTPConnection(host, port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/readyz")
            connection.getresponse()
            return
        except (OSError, HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()


def asked_port() -> int:
    """Return the port that PORT names, 0 where it names none."""
    asked = os.environ.get("PORT", "") or "0"
    if not asked.isdecimal() or int(asked) >= 2**16:
        raise UserError(f"PORT: expected a number below 65536, got {asked}")
    return int(asked)


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])


def refuse_taken(host: str, port: int, target: str = "serve") -> None:
    """Raise `UserError` where another process listens: a server would say so at great length.

    target: make's, which takes another PORT.
    """
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            if error.errno == EADDRNOTAVAIL:
                raise UserError(f"{host}: {error.strerror}; name one of this machine's") from None
            raise UserError(
                f"{host}:{port}: {error.strerror}; end what listens there, "
                f"or type: make {target} PORT={port + 1}"
            ) from None


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, if it still runs: again where it was told while it started, and was deaf."""
    while server.poll() is None:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(END_SECONDS)


if __name__ == "__main__":
    one_line(main)
