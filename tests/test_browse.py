"""MLflow's pages as a user opens them, and leaves them by Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from tests.conftest import run

QUESTION = "api/2.0/mlflow/registered-models/search"


def test_mlflow_shows_what_was_registered_and_ends_quietly_with_all_that_it_started(
    trained: Callable[..., Path],
) -> None:
    project, port = trained("browsed", "model=random_forest"), free_port()
    # A shell's background process would be deaf to Ctrl-C.
    command = ["env", "--default-signal=INT", f"PORT={port}", "bin/python", "-m", "tracking.browse"]
    process = subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    url = f"http://127.0.0.1:{port}"
    assert process.stdout.readline() == f"Runs and models  {url}\n", process.communicate()[1]

    with urlopen(f"{url}/{QUESTION}") as answer:
        assert [model["name"] for model in json.load(answer)["registered_models"]] == ["wine-model"]
    with urlopen(Request(f"{url}/", headers={"Accept": "text/html"})) as page:
        assert b"<html" in page.read()
    started = descendants(process.pid)
    assert len(started) == 2  # MLflow's command, and its one worker
    taken = run(["bin/python", "-m", "tracking.browse"], project, {"PORT": str(port)})
    assert taken.stderr.endswith(f"or type: make mlflow PORT={port + 1}\n")

    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)

    assert said == ("", "")
    assert process.returncode == 0
    assert [pid for pid in started if is_running(pid)] == []
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_without_a_registered_model_mlflow_has_nothing_to_show(
    trained: Callable[..., Path],
) -> None:
    project = trained("browsed", "model=random_forest")
    (project / "mlflow.db").unlink()

    done = run(["bin/python", "-m", "tracking.browse"], project)

    assert done.returncode == 1
    assert done.stderr.startswith("error: mlflow.db: no model was registered yet; type: make repro")
    assert not (project / "mlflow.db").exists()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Return the ids of the processes that one has started, and those have."""
    listed = subprocess.run(
        ["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False
    )
    children = [int(line) for line in listed.stdout.split()]
    return [each for child in children for each in (child, *descendants(child))]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
