"""The tracking store: the project's own, or the server that MLFLOW_TRACKING_URI names."""

import fcntl
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from project.artefacts import MLFLOW_ARTIFACTS, MLFLOW_DATABASE
from project.errors import UserError
from project.files import replacing

DEFAULT = f"sqlite:///{MLFLOW_DATABASE}"
LOCK = Path("build/register.lock")

PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
CONNECT_SECONDS = 3
ANSWER_SECONDS = 5  # for the first answer; a server that is there gives it in one
MOST_LETTERS = 300  # of MLflow's complaints, which may quote a whole page


def tracking_uri() -> str:
    """Return where the user wants runs to go."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT


def shown(uri: str) -> str:
    """Return a URI without its password."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", uri)


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turn what MLflow, its database or its network complain of into one line with the URI."""
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"{shown(uri)}: {error}, the database's driver; name one that is installed, as "
            "postgresql+psycopg2://… does once psycopg2-binary is in requirements/sklearn.in "
            "(type: make lock setup), or name an MLflow server, http://…"
        ) from None
    except (MlflowException, sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        message = (str(error) or type(error).__name__).splitlines()[0][:MOST_LETTERS]
        raise UserError(f"{shown(uri)}: {shown(message)}") from None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second registration in this project wait for the first."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def connect(uri: str) -> Any:
    """Return MLflow's client; `UserError` within seconds where the store does not answer."""
    refuse_unreachable(uri)
    quieten()
    with store_errors(uri):
        from mlflow import MlflowClient

        if uri == DEFAULT:
            _create_default()
        client = MlflowClient(tracking_uri=uri)
        with _impatience():
            client.search_experiments(max_results=1)
    return client


def refuse_unreachable(uri: str) -> None:
    """Raise `UserError` where nothing listens; MLflow itself would try again for minutes."""
    try:
        parts = urlsplit(uri)
        scheme, host = parts.scheme.split("+")[0], parts.hostname
        port = parts.port or PORTS.get(scheme)
    except ValueError as error:
        raise UserError(f"MLFLOW_TRACKING_URI={shown(uri)}: {error}") from None
    if scheme not in PORTS or host is None or port is None:
        return
    if scheme in getproxies() and not proxy_bypass(host):
        return
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise UserError(
            f"{shown(uri)}: the tracking server does not answer ({error.strerror or error}); "
            "start it, or mend MLFLOW_TRACKING_URI"
        ) from None


def quieten() -> None:
    """Keep MLflow to itself: no log lines, links, progress bars or telemetry."""
    for name, value in {
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_UV_AUTO_DETECT": "false",
        "GIT_PYTHON_REFRESH": "quiet",
    }.items():
        os.environ.setdefault(name, value)


def experiment_id(client: Any, name: str, uri: str) -> str:
    """Find or make the experiment; restore it where it was deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        identity = str(client.create_experiment(name))
    else:
        identity = str(found.experiment_id)
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(identity)
    if uri == DEFAULT:
        _keep_relative(identity)
    return identity


def _keep_relative(identity: str) -> None:
    """Have artifacts found from the project's folder, so that the folder can be moved.

    MLflow makes every location absolute when it creates an experiment; those of runs and models are
    derived from it, and are left as they are.
    """
    with closing(sqlite3.connect(MLFLOW_DATABASE, timeout=30)) as database, database:
        database.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
            (f"{MLFLOW_ARTIFACTS}/{identity}", int(identity)),
        )


def _create_default() -> None:
    """Make the database beside its place: MLflow cannot finish one that a kill left half-made."""
    if not MLFLOW_DATABASE.exists():
        from mlflow import MlflowClient

        with replacing(MLFLOW_DATABASE) as temporary:
            MlflowClient(tracking_uri=f"sqlite:///{temporary}").search_experiments(max_results=1)
    try:
        with closing(sqlite3.connect(MLFLOW_DATABASE)) as database:
            database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"{MLFLOW_DATABASE}: {error}; move it away and type: make register"
        ) from None


@contextmanager
def _impatience() -> Iterator[None]:
    """Have one request fail soon: something may listen and yet never answer."""
    names = {"MLFLOW_HTTP_REQUEST_TIMEOUT": ANSWER_SECONDS, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": 0}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: str(value) for name, value in names.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
