"""Show MLflow's pages of runs and models until it is stopped: `make mlflow`."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from project.artefacts import MLFLOW_DATABASE
from project.ending import leave_when_told, told_afterwards
from project.errors import UserError, one_line
from project.overrides import repro_command
from project.serve import asked_port, end_when_told, refuse_taken
from tracking.store import DEFAULT, quieten

HOST, PORT = "127.0.0.1", 5000
LOG = Path("build/mlflow.log")
START_SECONDS = 120.0  # MLflow imports itself twice, which takes long where others work too


def main() -> None:
    """Serve mlflow.db, and say where."""
    if not MLFLOW_DATABASE.exists():
        raise UserError(f"{MLFLOW_DATABASE}: no model was registered yet; type: {repro_command()}")
    port = asked_port() or PORT
    refuse_taken(HOST, port, "mlflow")
    leave_when_told()
    server = None
    try:
        with told_afterwards():
            server = start(port)
        told = end_when_told(server)
        wait_until_ready(server, f"http://{HOST}:{port}", told)
        print(f"Runs and models  http://{HOST}:{port}", flush=True)
        server.wait()
    finally:
        if server:
            stop(server)


def start(port: int) -> subprocess.Popen[bytes]:
    """Start MLflow's server with one worker; what it says goes to `LOG`."""
    quieten()
    where = ["--host", HOST, "--port", str(port), "--backend-store-uri", DEFAULT]
    # A browser that keeps its connection must not hold up the end.
    how = ["--workers", "1", "--uvicorn-opts", "--timeout-graceful-shutdown 1"]
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *where, *how],
            # Its jobs judge language models; they start five more processes.
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C reaches us alone, and the server by us
        )


def wait_until_ready(server: subprocess.Popen[bytes], url: str, told: list[int]) -> None:
    """Return once it answers; end this process where it was `told` to meanwhile."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if told:
            sys.exit(128 + told[0])
        if server.poll() is not None:
            raise UserError(f"MLflow ended by itself; {LOG} says why")
        with suppress(URLError, OSError), urlopen(f"{url}/health", timeout=5):
            return
        time.sleep(0.1)
    raise UserError(f"MLflow gave no answer within {START_SECONDS:g} seconds; see {LOG}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    server.wait()


if __name__ == "__main__":
    one_line(main)
