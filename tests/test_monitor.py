"""`make monitor`: what a cluster would tell, tried on one machine that is left as it was."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import contents
from .projects import make
from .serving import left_running, wait_for

FOREST = "model=random_forest"
PROGRAMS = ("prometheus", "prometheus-alertmanager")

needs_programs = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"{' or '.join(PROGRAMS)} is not installed"
)


@pytest.fixture
def project(trained: Callable[..., Path]) -> Path:
    return trained("monitored", FOREST)


@needs_programs
def test_drift_is_told_to_people_and_to_what_retrains(project: Path) -> None:
    before = records(project)

    done = make(project, "monitor", "DRIFT=shift", "ROWS=300")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ModelDriftFound (ticket): told people, retraining\n" in done.stdout
    assert "  docs/runbooks/ModelDriftFound.md\n" in done.stdout
    assert list((project / "build/monitor/reports/drift").glob("*.json"))
    assert records(project) == before
    assert left_running(project) == []


@needs_programs
def test_where_nothing_drifts_nobody_is_told(project: Path) -> None:
    done = make(project, "monitor", "DRIFT=none", "ROWS=300")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No drift: 300 rows" in done.stdout
    assert "0 alerts fired" in done.stdout.splitlines()[-1]


@needs_programs
def test_an_interruption_leaves_nothing_running(project: Path) -> None:
    log = project / "log"
    # A shell that runs something in the background has its children ignore Ctrl-C.
    command = ["env", "--default-signal=INT", "make", "monitor"]
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, cwd=project, stdout=words, stderr=words, start_new_session=True
        )
    wait_for(lambda: "Prometheus http" in log.read_text(), seconds=120)
    assert len(left_running(project)) > 2

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does

    process.wait(60)
    assert "Traceback" not in log.read_text()
    wait_for(lambda: left_running(project) == [])


def test_a_program_that_is_not_there_is_named(project: Path) -> None:
    done = subprocess.run(
        [project / ".venv/bin/python", "-m", "monitoring.monitor"],
        cwd=project,
        env={"PATH": "/nowhere", "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "error: prometheus is not installed; type: sudo apt install prometheus "
        "prometheus-alertmanager (elsewhere: put prometheus and alertmanager on the PATH)\n"
    )


def records(project: Path) -> dict[str, bytes]:
    """Return what the project keeps of predictions and drift."""
    kept: dict[str, bytes] = {}
    for name in ("data/predictions", "reports/drift"):
        folder = project / name
        kept |= {f"{name}/{path}": text for path, text in contents(folder).items()}
    return kept
