"""Adaptive batching: what came in while the model was busy is predicted together.

Nothing waits for a batch to fill. A quick batch is predicted on the event loop itself, where a
hand-over to a thread would take longer than the model; a slow one in a thread, so that the loop
goes on answering probes and reading requests, and these become the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate, pairwise
from time import perf_counter

from serving.request_error import RequestError
from serving.rows import Rows, join
from serving.session import Outputs

#: The longest that a batch may hold the event loop; what is expected to take longer has a thread.
QUICK_SECONDS = 0.005

Run = Callable[[Rows], Outputs]
Answers = list[Outputs | Exception]


class _Waiting:
    """One request's rows, and the future of their outputs."""

    __slots__ = ("answer", "rows", "timer")

    def __init__(self, rows: Rows, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self.rows = rows
        self.answer: asyncio.Future[Outputs] = loop.create_future()
        self.timer = loop.call_later(timeout, self._expire, timeout)

    def settle(self, answer: Outputs | Exception) -> None:
        self.timer.cancel()
        if self.answer.done():
            return  # it is too late, or the client has gone
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)

    def _expire(self, timeout: float) -> None:
        self.settle(RequestError(504, f"no prediction within {timeout:g} seconds"))


class Batcher:
    """Predicts requests together; a batch holds `max_rows`, and at least one request."""

    def __init__(self, run: Run, max_rows: int, timeout: float) -> None:
        self._run = run
        self._max_rows = max_rows
        self._timeout = timeout
        self._queue: deque[_Waiting] = deque()
        self._busy = False
        self._seconds: dict[int, float] = {}  # that a batch takes, by the bits of its rows
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    def submit(self, rows: Rows) -> "asyncio.Future[Outputs]":
        """Return the future of these rows' outputs: `RequestError` 504 where it is too late."""
        waiting = _Waiting(rows, self._timeout)
        self._queue.append(waiting)
        if not self._busy:
            # Not at once: the loop may be about to read further requests that have come as well.
            self._busy = True
            asyncio.get_running_loop().call_soon(self._next)
        return waiting.answer

    def close(self) -> None:
        """Wait for the batch that runs."""
        self._thread.shutdown()

    def _next(self) -> None:
        batch = self._take()
        self._busy = bool(batch)
        if not batch:
            return
        loop = asyncio.get_running_loop()
        parts = [waiting.rows for waiting in batch]
        size = sum(map(len, parts)).bit_length()
        if self._seconds.get(size, QUICK_SECONDS) < QUICK_SECONDS:
            self._settle(batch, self._predict(parts))
            loop.call_soon(self._next)
            return

        def landed(future: Future[Answers]) -> None:
            loop.call_soon_threadsafe(self._landed, batch, future)

        self._thread.submit(self._predict, parts).add_done_callback(landed)

    def _landed(self, batch: list[_Waiting], future: Future[Answers]) -> None:
        self._settle(batch, future.result())
        self._next()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        rows = 0
        while self._queue and (not batch or rows + len(self._queue[0].rows) <= self._max_rows):
            waiting = self._queue.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
                rows += len(waiting.rows)
        return batch

    def _predict(self, parts: list[Rows]) -> Answers:
        start = perf_counter()
        try:
            outputs = self._run(join(parts))
        except Exception as error:
            # One request's rows must not cost the others theirs.
            return [error] if len(parts) == 1 else [self._predict([part])[0] for part in parts]
        ends = list(accumulate(map(len, parts)))
        size, seconds = ends[-1].bit_length(), perf_counter() - start
        before = self._seconds.get(size, seconds)
        self._seconds[size] = before + 0.2 * (seconds - before)
        if len(parts) == 1:
            return [outputs]
        return [outputs.part(start, end) for start, end in pairwise([0, *ends])]

    @staticmethod
    def _settle(batch: list[_Waiting], answers: Answers) -> None:
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.settle(answer)
