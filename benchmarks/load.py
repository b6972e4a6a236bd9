"""Load on a server of this machine, over connections that ask again as soon as they are answered.

Run by a project's Python, which has uvloop: `load.py PORT PATH BODY CONNECTIONS SECONDS`. Prints
answers by second, seconds of the median and of the 99th percentile, and how many were no 200.
"""

import asyncio
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """Asks the same again and again, until it is time."""

    def __init__(self, request: bytes, until: float) -> None:
        self.seconds: list[float] = []
        self.failed = 0
        self.ended = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again, once the answer is whole."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < length(head):
            return
        now = time.perf_counter()
        self.seconds.append(now - self._asked)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that it is over."""
        self.ended.set_result(None)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)


def length(head: bytes) -> int:
    """Read how long the answer's body is."""
    start = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[start:].split(b"\r\n", 1)[0])


def _same(connection: Connection) -> Connection:
    return connection


async def load(port: int, path: str, body: bytes, connections: int, seconds: float) -> object:
    """Ask for so long; return what came of it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    start = time.perf_counter()
    made = [Connection(head.encode() + body, start + seconds) for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for connection in made:
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
    await asyncio.gather(*(connection.ended for connection in made))
    elapsed = time.perf_counter() - start
    taken = sorted(second for connection in made for second in connection.seconds)
    return {
        "answers": len(taken),
        "rate": len(taken) / elapsed,
        "median": taken[len(taken) // 2],
        "p99": taken[int(len(taken) * 0.99)],
        "failed": sum(connection.failed for connection in made),
    }


if __name__ == "__main__":
    port, path, body, connections, seconds = sys.argv[1:]
    asked = load(int(port), path, Path(body).read_bytes(), int(connections), float(seconds))
    print(json.dumps(uvloop.run(asked)))
