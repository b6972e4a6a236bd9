"""A service that was started is asked when it answers, not before and not much later."""

import subprocess
import sys
import time

import pytest

from project import serve
from project.serve import free_port, stop, wait_until_it_answers

HOST = "127.0.0.1"
#: Listens long before it answers, as BentoML does; then that it is not ready, which is an answer.
SLOW = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(0.2)
caller, _ = server.accept()
assert caller.recv(1000).startswith(b"GET /readyz ")
caller.sendall(b"HTTP/1.1 503 Starting\\r\\nContent-Length: 0\\r\\n\\r\\n")
"""
#: Does not hear that it is to end the first time, as BentoML does not while it starts.
DEAF = """
import signal, sys
times = []
def told(number, frame):
    times.append(number)
    if len(times) > 1:
        sys.exit()
signal.signal(signal.SIGTERM, told)
print("started", flush=True)
while True:
    signal.pause()
"""


def started(program: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port(HOST)
    return subprocess.Popen([sys.executable, "-c", program, str(port)]), port


def test_it_is_waited_for_until_it_answers() -> None:
    server, port = started(SLOW)

    wait_until_it_answers(server, HOST, port)

    assert server.wait(timeout=10) == 0  # which answers one caller, and ends


def test_one_that_has_ended_is_waited_for_no_longer() -> None:
    server, port = started("")
    begin = time.monotonic()

    wait_until_it_answers(server, HOST, port)

    assert server.wait() == 0
    assert time.monotonic() - begin < 30


def test_one_that_does_not_hear_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "END_SECONDS", 0.2)
    server = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    assert server.stdout
    with server.stdout as said:
        assert said.readline() == b"started\n"

    stop(server)

    assert server.returncode == 0
