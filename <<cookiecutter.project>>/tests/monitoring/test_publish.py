"""Metrics reach a real Pushgateway, and one that is not there is an error."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from monitoring import drift, simulate
from project.errors import UserError

pytestmark = pytest.mark.usefixtures("without_evidently")
Make = Callable[..., Path]
Call = Callable[..., int]
PROGRAM = "prometheus-pushgateway"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    """Start a Pushgateway and return its URL."""
    if not shutil.which(PROGRAM):
        pytest.skip(f"{PROGRAM} is not installed")
    url = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [PROGRAM, f"--web.listen-address={url}", f"--persistence.file={tmp_path}/pushed"],
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(f"http://{url}/-/ready", timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"http://{url}"
    server.terminate()
    server.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_verdict_is_published_under_model_and_environment(
    made: Make, call: Call, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made()
    call(simulate.main, DRIFT="shift", ROWS=400, OUT="data/predictions/a.jsonl")
    monkeypatch.setenv("PUSHGATEWAY", gateway)
    monkeypatch.setenv("ENVIRONMENT", "test")

    assert call(drift.main) == 3

    with urlopen(f"{gateway}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    (found,) = [line for line in lines if line.startswith("model_drift_detected{")]
    assert found.endswith(" 1")
    assert 'environment="test"' in found
    assert 'job="drift"' in found
    assert 'model="houses"' in found


def test_a_gateway_that_does_not_answer_is_an_error_and_the_verdict_is_kept(
    made: Make, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    made()
    call(simulate.main, DRIFT="none", ROWS=400, OUT="data/predictions/a.jsonl")
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("PUSHGATEWAY", url)

    with pytest.raises(UserError, match=f"PUSHGATEWAY: {url}: not published: .Errno 111. Conn"):
        drift.main()

    assert len(list(Path("reports/drift").glob("*.json"))) == 1
