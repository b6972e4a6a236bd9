"""Predictions as JSON lines, written by a thread that no request ever waits for.

A line is a request. What waits to be written is bounded; what is beyond is dropped and counted.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import numpy as np
import orjson

from serving.answers import AnswerWriter
from serving.bundle import Bundle
from serving.rotation import RotatingFile
from serving.rows import Layout, Rows
from serving.session import Outputs

log = logging.getLogger("bentoml.serving")

#: Between two looks at what waits: as much a kill can lose.
FLUSH_SECONDS = 0.2
MAX_WAITING, MAX_WAITING_BYTES = 20_000, 64 * 2**20
#: Written at once: few enough that the event loop does not wait long for Python's lock.
CHUNK_BYTES = 2**20


class Record(NamedTuple):
    """An answered request: what came and what was answered, as JSON where it is there already."""

    time: float
    request_id: bytes
    inputs: bytes | Rows
    outputs: bytes | Outputs


class Recorder:
    """Writes records into files of this process in `folder`."""

    def __init__(self, bundle: Bundle, folder: Path, on_drop: Callable[[int], None]) -> None:
        settings = bundle.settings["recording"]
        self._answers = AnswerWriter(bundle.contract.classes)
        self._layout = Layout.of(bundle.contract.columns)
        self._hashed = set(settings["hashed"])
        self._left_out = set(settings["left_out"])
        self._model = orjson.dumps(bundle.digest)
        self._on_drop = on_drop
        self._file = RotatingFile(
            folder, settings["max_file_bytes"], settings["max_file_seconds"], settings["max_files"]
        )
        self._queue: deque[tuple[Record, int]] = deque()
        self._come = self._gone = 0  # bytes; each is written by one thread only
        self._stop = Event()
        self._thread = Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def put(self, record: Record, size: int) -> None:
        """Take a record of about so many bytes, or drop it; returns at once."""
        if len(self._queue) >= MAX_WAITING or self._come - self._gone > MAX_WAITING_BYTES:
            self._on_drop(1)
            return
        self._come += size
        self._queue.append((record, size))

    def close(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._write_all()
        self._write_all()
        self._attempt(self._file.close)

    def _write_all(self) -> None:
        while self._queue:
            records, chunk = [], 0
            while self._queue and chunk < CHUNK_BYTES:
                record, size = self._queue.popleft()
                records.append(record)
                chunk += size
            try:
                self._file.write(b"".join(map(self._line, records)))
            except Exception as error:
                # A full disk, a folder that went away: the service goes on, and so do we.
                log.warning("%d predictions not recorded: %s", len(records), error)
                self._on_drop(len(records))
            self._gone += chunk
        self._attempt(self._file.keep)

    @staticmethod
    def _attempt(sync: Callable[[], None]) -> None:
        """Bring what was written to the disk, and outlive one that does not take it."""
        try:
            sync()
        except OSError as error:
            log.warning("recorded predictions may be lost: %s", error)

    def _line(self, record: Record) -> bytes:
        outputs = record.outputs
        return b'{"time":"%s","request_id":%s,"model":%s,"inputs":%s,"outputs":%s}\n' % (
            _written(record.time),
            orjson.dumps(record.request_id.decode()),
            self._model,
            self._inputs(record.inputs),
            outputs if isinstance(outputs, bytes) else self._answers.write(outputs),
        )

    def _inputs(self, came: bytes | Rows) -> bytes:
        if isinstance(came, Rows):
            records = _records(came, self._layout)
        elif self._hashed or self._left_out:
            records = orjson.loads(came)
            records = records if isinstance(records, list) else [records]
        else:
            # As they came, without the line breaks that JSON has between its parts only.
            if b"\n" in came or b"\r" in came:  # to look is ten times as fast as to take away
                came = came.translate(None, b"\r\n")
            came = came.strip()
            return came if came.startswith(b"[") else b"[%s]" % came
        inputs: bytes = orjson.dumps([self._private(values) for values in records])
        return inputs

    def _private(self, record: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _digest(value) if name in self._hashed else value
            for name, value in record.items()
            if name not in self._left_out
        }


def _written(time: float) -> bytes:
    """Write a time as ISO 8601 does, to the microsecond; `isoformat` was half of a line's cost."""
    second, rest = divmod(round(time * 1e6), 1_000_000)
    return b"%s.%06d+00:00" % (_written_second(second), rest)


@lru_cache(maxsize=1)  # records come in the order of their time
def _written_second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _digest(value: Any) -> str | None:
    """Return a name for a value that is the same each time; a missing value stays missing.

    A number has that of the float32 which the model is given: 14 and 14.0 are one, and so are
    a record's 14.2 and a tensor's.
    """
    if value is None:
        return None
    if type(value) in (int, float):
        value = np.float32(value)
    written = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return hashlib.sha256(written).hexdigest()[:16]


def _records(rows: Rows, layout: Layout) -> list[dict[str, Any]]:
    """Write rows as records, as a client of /predict would have."""
    numbers = len(layout.numbers)
    records = []
    for floats, texts in zip(rows.floats.tolist(), rows.texts.tolist(), strict=True):
        present = [None if value != value else value for value in floats]
        booleans = [None if value is None else value != 0 for value in present[numbers:]]
        values = (*present[:numbers], *booleans, *(text or None for text in texts))
        records.append(dict(zip((*layout.floats, *layout.categories), values, strict=True)))
    return records
