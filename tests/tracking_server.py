"""A real `mlflow server` on a real PostgreSQL, on this machine alone."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT, run

DRIVER = Path(__file__).with_name("postgres.txt")
SECONDS = 120


@contextmanager
def tracking_server(project: Path) -> Iterator[str]:
    """Run a server from the project's environment until the block ends; yield its URI."""
    with postgres() as database:
        folder = Path(mkdtemp(prefix="slipway-mlflow-"))
        port = free_port()
        command = [
            *(str(project / ".venv/bin/python"), "-m", "mlflow", "server", "--workers", "1"),
            *("--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", database),
            *("--artifacts-destination", str(folder / "artifacts")),
        ]
        environment = os.environ | {"PYTHONPATH": str(driver(project))}
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            uri = f"http://127.0.0.1:{port}"
            wait_for(lambda: urlopen(f"{uri}/health", timeout=5).close(), server, folder / "log")
            yield uri
        finally:
            end(server)
            shutil.rmtree(folder)


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL on a free port of the loopback device; yield the URI of its database."""
    programs = find_postgres()
    user = unprivileged_user()
    folder = Path(mkdtemp(prefix="slipway-postgres-"))
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    initialise: list[str | Path] = [
        programs / "initdb",
        "--auth=trust",
        "--username=slipway",
        "--no-sync",
        data,
    ]
    try:
        subprocess.run(initialise, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                cwd=folder,
                user=user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            ready: list[str | Path] = [
                programs / "pg_isready",
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
            ]
            wait_for(lambda: subprocess.run(ready, check=True), server, folder / "log")
            yield f"postgresql+psycopg2://slipway@127.0.0.1:{port}/postgres"
        finally:
            end(server)
    finally:
        shutil.rmtree(folder)


def find_postgres() -> Path:
    """Find PostgreSQL's programs; install Debian's package where that is allowed."""
    for attempt in ("as it is", "installed"):
        found = shutil.which("initdb")
        folders = [Path(found).resolve().parent] if found else []
        folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        for folder in folders:
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
        if attempt == "as it is" and os.geteuid() == 0 and shutil.which("apt-get"):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            run(["apt-get", "update"], None, quiet)
            run(["apt-get", "install", "--yes", "postgresql"], None, quiet)
    pytest.skip("there is no PostgreSQL here, and no right to install Debian's package")


def unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def driver(project: Path) -> Path:
    """Install PostgreSQL's driver beside the project's environment, which does without it."""
    folder = ROOT / "build" / "postgres-driver"
    if not (folder / "psycopg2").exists():
        python = str(project / ".venv/bin/python")
        uv = ["uv"] if shutil.which("uv") else [python, "-m", "uv"]
        install = [*uv, "pip", "install", "--quiet", "--python", python, "--target", str(folder)]
        done = run([*install, "--require-hashes", "-r", str(DRIVER)], None)
        if done.returncode:
            pytest.skip(f"psycopg2 cannot be installed: {done.stderr.strip()}")
    return folder


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for(ready: Callable[[], object], server: subprocess.Popen[bytes], log: Path) -> None:
    """Call `ready` until it does not fail."""
    end_of_patience = time.monotonic() + SECONDS
    while True:
        try:
            ready()
        except (URLError, OSError, subprocess.CalledProcessError):
            alive = server.poll() is None and time.monotonic() < end_of_patience
            assert alive, log.read_text()
            time.sleep(0.2)
        else:
            return


def end(server: subprocess.Popen[bytes]) -> None:
    """Stop a server and whatever it has started."""
    if server.poll() is not None:
        return
    os.killpg(server.pid, 15)
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, 9)
        server.wait()
