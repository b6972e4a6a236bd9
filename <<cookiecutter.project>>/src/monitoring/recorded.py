"""Predictions as the service recorded them: JSON lines, a request each."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from monitoring.batch import Batch, Tally
from monitoring.lines import lines
from monitoring.typed import MistypedError, column_of
from monitoring.watched import Watched
from project.errors import UserError

#: Made into a table at once: some 60 MB of Python's objects at 20 columns.
BATCH_ROWS, BATCH_BYTES = 20_000, 32 * 2**20
#: Clocks differ: what is dated further ahead of ours was dated by one that is wrong.
SKEW_SECONDS = 300


class RecordedRows:
    """The rows of one model in a folder's files, or in one file, within a window of time."""

    def __init__(
        self, path: Path, watched: Watched, since: datetime | None, now: datetime, keyed: bool
    ) -> None:
        self._watched = watched
        self._since = since.timestamp() if since else -np.inf
        self._latest = now.timestamp() + SKEW_SECONDS
        self._keyed = keyed
        self._model = watched.digest
        self._first_mistake: str | None = None
        self._path = path
        self.tally = Tally()
        self.files = files_of(path)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows; `UserError` where lines were there, and not one could be read."""
        waiting = _Waiting()
        found = False
        for path in self.files:
            for number, line in enumerate(lines(path), 1):
                found = True
                self._take(line, path, number, waiting)
                waiting.size += len(line or b"")
                if len(waiting.inputs) >= BATCH_ROWS or waiting.size >= BATCH_BYTES:
                    yield from self._batch(waiting)
                    waiting = _Waiting()
        yield from self._batch(waiting)
        if not found:
            raise UserError(f"{self._path}: {EMPTY}")
        self._refuse_nothing_but_mistakes()

    def _take(self, line: bytes | None, path: Path, number: int, waiting: "_Waiting") -> None:
        """Put a line's rows to those that wait, or count why not."""
        try:
            record = orjson.loads(line or b"")
            inputs, outputs = record["inputs"], record["outputs"]
            time = datetime.fromisoformat(record["time"]).timestamp()
            rows, model, request = len(inputs), record["model"], record["request_id"]
            if rows != len(outputs) or not isinstance(inputs, list):
                raise ValueError("as many outputs as inputs")
        except (ValueError, LookupError, TypeError):  # orjson's error is a ValueError
            self.tally.unreadable += 1
            return
        if model != self._model:
            self.tally.other_models += rows
        elif time < self._since:
            self.tally.outside += rows
        elif time > self._latest:
            self.tally.ahead += rows
        else:
            waiting.inputs += inputs
            waiting.outputs += outputs
            waiting.places.append((path, number, rows))
            waiting.times.append(time)
            waiting.requests.append(request)

    def _batch(self, waiting: "_Waiting") -> Iterator[Batch]:
        if not waiting.inputs:
            return
        try:
            yield self._converted(waiting)
        except MistypedError:
            # Rare: request by request, so that what is wrong is left out alone.
            for one in waiting.requests_alone():
                try:
                    yield self._converted(one)
                except MistypedError as error:
                    self.tally.unreadable += 1
                    path, number, _ = one.places[0]
                    self._first_mistake = self._first_mistake or f"{path}, line {number}: {error}"

    def _converted(self, waiting: "_Waiting") -> Batch:
        watched = self._watched
        if not all(type(record) is dict for record in chain(waiting.inputs, waiting.outputs)):
            raise MistypedError("expected records, each an object")
        self.tally.columns.update([watched.answer], *waiting.inputs)
        columns = {
            name: column_of([record.get(name) for record in waiting.inputs], kind, name, watched)
            for name, kind in watched.kinds.items()
        }
        given = [output.get(watched.answer) for output in waiting.outputs]
        columns[watched.answer] = column_of(given, watched.answer_kind, watched.answer, watched)
        classes = watched.contract.classes
        if classes and (strange := [answer for answer in given if answer not in classes]):
            found = repr(strange[0])[:60]
            raise MistypedError(f"the answer: expected one of the model's classes, found {found}")
        sizes = [rows for _, _, rows in waiting.places]
        scores = self._scores(waiting.outputs) if self._keyed else None
        self.tally.used += len(waiting.inputs)
        return Batch(
            pa.table(columns),
            np.repeat(np.array(waiting.times), sizes),
            _keys(waiting.requests, sizes) if self._keyed else None,
            scores,
        )

    def _scores(self, outputs: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
        classes = self._watched.contract.classes
        try:
            if classes is None:
                return np.array([output["prediction"] for output in outputs], np.float64)
            shares = [[output["probabilities"][name] for name in classes] for output in outputs]
            return np.array(shares, np.float32)
        except (LookupError, TypeError, ValueError):
            raise MistypedError("expected a probability for each class") from None

    def _refuse_nothing_but_mistakes(self) -> None:
        tally = self.tally
        if tally.used or tally.other_models or tally.outside:
            return
        if self._first_mistake:
            raise UserError(self._first_mistake)
        if tally.ahead:
            raise UserError(
                f"{self._path}: all of its {tally.ahead:,} rows are dated after now: a clock is "
                "wrong, this machine's or that of the service"
            )
        raise UserError(
            f"{self._path}: none of its {tally.unreadable:,} lines is a prediction that was "
            "recorded; docs/service.md shows one"
        )


class _Waiting:
    """Requests on their way to a table."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.places: list[tuple[Path, int, int]] = []  # file, line, rows
        self.times: list[float] = []
        self.requests: list[str] = []
        self.size = 0

    def requests_alone(self) -> Iterator["_Waiting"]:
        """Yield each request by itself."""
        start = 0
        for place, time, request in zip(self.places, self.times, self.requests, strict=True):
            one, end = _Waiting(), start + place[2]
            one.inputs, one.outputs = self.inputs[start:end], self.outputs[start:end]
            one.places, one.times, one.requests = [place], [time], [request]
            yield one
            start = end


EMPTY = "no predictions are recorded there; make serve, or the service in its cluster, records them"


def files_of(path: Path) -> list[Path]:
    """Return a folder's files of lines, oldest first; `UserError` where it has none."""
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.jsonl"))
    if not files:
        raise UserError(f"{path}: {EMPTY}")
    return files


def _keys(requests: list[str], sizes: list[int]) -> pa.Array:
    return pa.array(
        [
            key(request, record)
            for request, rows in zip(requests, sizes, strict=True)
            for record in range(rows)
        ],
        pa.string(),
    )


def key(request: str, record: int) -> str:
    """Return one text for a request's id, which holds no spaces, and a record's place in it."""
    return f"{request} {record}"
