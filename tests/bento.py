"""A Bento that is served by BentoML's own command, and questions to it."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any


@contextmanager
def serving(environment: Path, bento: Path, home: Path) -> Iterator[str]:
    """Serve a Bento by BentoML's own command until the block ends; yield its URL when ready."""
    port = "28917"  # below those that the kernel gives out
    process = subprocess.Popen(
        [environment / "bin/bentoml", "serve", "--port", port, bento],
        env=bare(home) | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        assert is_ready(url, process), process.communicate()[0]
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


def is_ready(url: str, process: subprocess.Popen[str]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


def ask(url: str, body: Any) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    answer: HTTPResponse
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def bare(home: Path) -> dict[str, str]:
    """Return an environment without what the machine or the tests have set."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "BENTOML_DO_NOT_TRACK": "true"}
