"""Adaptive batching: requests that come together are predicted together.

Nothing waits for a batch to fill. A request that comes alone is predicted on the spot; those that
follow within the same turn of the event loop, or while the model is busy, become the next batch,
unless they are so large that to be predicted together would save less than to wait together costs.
A quick batch is predicted on the loop, where handing it to a thread would take longer than the
model; a slow one in a thread, so that the loop goes on reading requests and answering probes.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate, pairwise
from time import perf_counter

from serving.request_error import RequestError
from serving.rows import Rows, join
from serving.session import Outputs

#: The longest that predictions may hold the event loop in one turn of it; a thread has the others.
QUICK_SECONDS = 0.005
#: What it costs a request to wait for others: a future, a timer, one more turn of the loop.
WAITING_SECONDS = 0.00001

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
    """Predicts requests; a batch holds `max_rows`, and at least one request.

    `on_batch` is told the rows of each batch. Predictions that take longer than `timeout` seconds
    fail with `RequestError` 504.
    """

    def __init__(
        self, run: Run, max_rows: int, timeout: float, on_batch: Callable[[int], object]
    ) -> None:
        self._run = run
        self._max_rows = max_rows
        self._timeout = timeout
        self._on_batch = on_batch
        self._queue: deque[_Waiting] = deque()
        self._held = 0.0  # seconds of this turn of the loop; infinite while a thread predicts
        self._seconds: dict[int, float] = {}  # that a batch takes, by the bits of its rows
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    def warm(self, rows: Rows) -> bool:
        """Learn how long batches of this size take; return whether they are quick."""
        for _ in range(3):
            start = perf_counter()
            self._run(rows)
            self._learn(rows.size, perf_counter() - start)
        return self._expected(rows.size) < QUICK_SECONDS

    async def predict(self, rows: Rows) -> Outputs:
        """Return the outputs of one request's rows."""
        seconds = self._expected(rows.size)
        is_first = not self._held
        if self._held + seconds < QUICK_SECONDS and (is_first or not self._gains(rows.size)):
            self._held += seconds
            if is_first:
                asyncio.get_running_loop().call_soon(self._next)
            return self._predict_one(rows)
        waiting = _Waiting(rows, self._timeout)
        self._queue.append(waiting)
        if is_first:
            self._next()
        return await waiting.answer

    def close(self) -> None:
        """Wait for the batch that runs."""
        self._thread.shutdown()

    def _next(self) -> None:
        self._held = 0.0
        batch = self._take()
        if not batch:
            return
        loop = asyncio.get_running_loop()
        parts = [waiting.rows for waiting in batch]
        seconds = self._expected(sum(part.size for part in parts))
        if seconds < QUICK_SECONDS:
            self._held = seconds
            self._settle(batch, self._predict(parts))
            loop.call_soon(self._next)
            return

        def landed(future: Future[Answers]) -> None:
            loop.call_soon_threadsafe(self._landed, batch, future)

        self._held = math.inf
        self._thread.submit(self._predict, parts).add_done_callback(landed)

    def _landed(self, batch: list[_Waiting], future: Future[Answers]) -> None:
        self._settle(batch, future.result())
        self._next()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        rows = 0
        while self._queue and (not batch or rows + self._queue[0].rows.size <= self._max_rows):
            waiting = self._queue.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
                rows += waiting.rows.size
        return batch

    def _expected(self, rows: int) -> float:
        return self._seconds.get(rows.bit_length(), QUICK_SECONDS)

    def _gains(self, rows: int) -> bool:
        """Tell whether two such requests are predicted sooner together, waiting included."""
        size = rows.bit_length()
        together = self._seconds.get(size + 1, math.inf)
        return 2 * self._seconds.get(size, 0.0) - together > WAITING_SECONDS

    def _predict(self, parts: list[Rows]) -> Answers:
        try:
            outputs = self._predict_one(join(parts))
        except Exception as error:
            # One request's rows must not cost the others theirs.
            return [error] if len(parts) == 1 else [self._predict([part])[0] for part in parts]
        if len(parts) == 1:
            return [outputs]
        ends = accumulate((part.size for part in parts), initial=0)
        return [
            {name: values[start:end] for name, values in outputs.items()}
            for start, end in pairwise(ends)
        ]

    def _predict_one(self, rows: Rows) -> Outputs:
        start = perf_counter()
        outputs = self._run(rows)
        self._learn(rows.size, perf_counter() - start)
        self._on_batch(rows.size)
        return outputs

    def _learn(self, rows: int, seconds: float) -> None:
        """Believe what is quicker at once, what is slower by and by: it may be the machine's."""
        size = rows.bit_length()
        self._seconds[size] = min(seconds, 1.2 * self._seconds.get(size, seconds))

    @staticmethod
    def _settle(batch: list[_Waiting], answers: Answers) -> None:
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.settle(answer)
