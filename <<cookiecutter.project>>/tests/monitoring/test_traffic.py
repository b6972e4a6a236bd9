"""Traffic that cannot be had, or that something else answers: one line says so."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from monitoring import simulate
from project.errors import UserError
from project.tables import Contract

from ..local_server import LocalHandler, LocalServer, running

# what answers at URL, and the line that refuses it
ANSWERS = {
    "a proxy's page": (
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 9\r\n\r\n<h1>no</h1>",
        "502: Bad Gateway",
    ),
    "the service, which refuses": (
        b'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 18\r\n\r\n{"error": "later"}',
        "429: later",
    ),
    "no service of ours": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "it answers without X-Request-Id; expected make serve's",
    ),
    "no web server": (b"SSH-2.0-OpenSSH\r\n", "SSH-2.0-OpenSSH"),
}


@pytest.mark.parametrize(("answer", "line"), ANSWERS.values(), ids=ANSWERS)
def test_what_answers_otherwise_is_refused_in_one_line(
    answer: bytes, line: str, made: Callable[..., Path], refused: Callable[..., str]
) -> None:
    class Handler(LocalHandler):
        def do_POST(self) -> None:  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(answer)
            self.close_connection = True

    made()
    server = LocalServer(Handler)
    with running(server):
        url = f"http://{server.host}"
        said = refused(simulate.main, DRIFT="none", URL=url, LABELS="labels.csv")

    assert said.startswith(f"URL: {url}: {line}")


NUMBERS = pa.table({"size": [1.0, 2.0], "target": ["yes", "yes"]})
# a drift, and why this table cannot have it
IMPOSSIBLE = {
    "new-category": "DRIFT: the model has no column of type category; choose another drift",
    "label-shift": "DRIFT: label-shift: the test split has one class only",
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_a_drift_that_the_data_cannot_have_is_refused(kind: str) -> None:
    contract = Contract("toy", "classification", "target", ["no", "yes"], {"size": "number"}, {})

    with pytest.raises(UserError) as refused:
        simulate.simulate(NUMBERS, contract, kind, 20, seed=1)

    assert str(refused.value) == IMPOSSIBLE[kind]
