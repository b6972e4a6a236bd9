"""Requests at a steady rate for a long time, each answer compared with onnxruntime's own.

Run by a project's Python in its folder: `soak_client.py PORT SECONDS RATE CONNECTIONS`. A rate of 0
asks as fast as answers come. One request in ten is none; once a second a connection breaks off.
Prints how many answers came, and which were not as they should be.
"""

import asyncio
import json
import random
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import orjson
import uvloop

BENTO = Path("dist/bento/src")
TOLERANCE = 1e-5
ROWS = (1, 1, 1, 1, 8, 32, 100)
#: Bodies that are no requests, and the status that each gets.
MALFORMED: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"[" * 100_000, 400),
    (b'{"alcohol": NaN}', 400),
    (b'{"alcohol": "\xff"}', 400),
    (b"[" * 5_000_000, 413),
    (b"[" + b"{}," * 2000 + b"{}]", 413),
    (b"[]", 422),
    (b"[[[]]]", 422),
    (b'{"alcohol": {"alcohol": 1}}', 422),
    (b'{"alcohol": 1}', 422),
    (b'{"no_such_column": 1}', 422),
]

Case = tuple[bytes, int, Any]


def cases() -> list[Case]:
    """Return bodies, their status, and what onnxruntime itself answers to each."""
    random.seed(7)
    session = onnxruntime.InferenceSession(
        str(BENTO / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    golden = json.loads((BENTO / "golden.json").read_text())["inputs"]
    made: list[Case] = []
    for number in range(180):
        records = [
            {
                name: value * random.uniform(0.9, 1.1) if isinstance(value, float) else value
                for name, value in random.choice(golden).items()
            }
            for _ in range(ROWS[number % len(ROWS)])
        ]
        feed = {
            put.name: np.array([[record[put.name]] for record in records], dtype=np.float32)
            for put in session.get_inputs()
        }
        made.append((orjson.dumps(records), 200, session.run(None, feed)))
    made += [(body, status, None) for body, status in MALFORMED] * 2
    random.shuffle(made)
    return made


class Soak:
    """What was asked and what came of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.seconds: list[float] = []
        self._cases = cases()

    async def ask_all(self, until: float, pause: float) -> None:
        """Ask over one connection, every `pause` seconds if that is more than an answer takes."""
        place = random.randrange(len(self._cases))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        due = time.perf_counter() + random.random() * pause
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            place = (place + 1) % len(self._cases)
            start = time.perf_counter()
            if not await self._ask(reader, writer, *self._cases[place]):
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.seconds.append(time.perf_counter() - start)
            due = max(due + pause, time.perf_counter()) if not pause else due + pause
        writer.close()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        body: bytes,
        status: int,
        expected: Any,
    ) -> bool:
        writer.write(
            b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        found = int(head[9:12])
        self.statuses[found] += 1
        if found != status:
            self.wrong.append(f"{found} for {status}: {answer[:200]!r}")
        elif expected is not None and not same(orjson.loads(answer), expected):
            self.wrong.append(f"another answer: {answer[:200]!r}")
        return b"connection: close" not in head

    async def break_off(self, until: float) -> None:
        """Begin a request and leave, once a second."""
        while time.perf_counter() < until:
            await asyncio.sleep(1)
            with socket.create_connection(("127.0.0.1", self.port)) as wire:
                wire.sendall(b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n[")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def same(answer: Any, expected: Any) -> bool:
    """Compare an answer with the graph's own: the class, and each probability."""
    label, shares = expected
    predictions = answer["predictions"]
    given = np.array([list(one["probabilities"].values()) for one in predictions])
    return [one["label"] for one in predictions] == label.tolist() and bool(
        np.allclose(given, shares, atol=TOLERANCE)
    )


async def soak(port: int, seconds: float, rate: float, connections: int) -> dict[str, Any]:
    """Ask for so long; return what came of it."""
    run = Soak(port)
    start = time.perf_counter()
    until = start + seconds
    pause = connections / rate if rate else 0.0
    await asyncio.gather(
        *(run.ask_all(until, pause) for _ in range(connections)), run.break_off(until)
    )
    taken = sorted(run.seconds)
    return {
        "answers": len(taken),
        "rate": len(taken) / (time.perf_counter() - start),
        "median": taken[len(taken) // 2],
        "p99": taken[int(len(taken) * 0.99)],
        "statuses": {str(status): count for status, count in sorted(run.statuses.items())},
        "wrong": run.wrong[:10],
    }


if __name__ == "__main__":
    port, seconds, rate, connections = sys.argv[1:]
    asked = soak(int(port), float(seconds), float(rate), int(connections))
    print(json.dumps(uvloop.run(asked)))
