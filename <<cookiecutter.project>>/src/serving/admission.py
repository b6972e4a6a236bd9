"""Who is let in, and how much they may send: what keeps a worker's memory and queue bounded."""

import asyncio
from collections.abc import Coroutine, Generator
from types import TracebackType, coroutine
from typing import Any

from serving.http import DisconnectedError, Receive, Request
from serving.request_error import RequestError

_TOO_SLOW = "the body is too slow"


class Admission:
    """Entered by each request that wants a prediction, for as long as it is under way.

    not_ready: why nobody is let in, or None.
    """

    def __init__(self, max_queue: int, max_bytes: int, timeout: float) -> None:
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._under_way = 0
        self.not_ready: str | None = None

    def __enter__(self) -> None:
        if self.not_ready:
            raise RequestError(503, self.not_ready)
        if self._under_way >= self._max_queue:
            raise RequestError(429, f"{self._max_queue} requests are under way; try again")
        self._under_way += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._under_way -= 1

    async def body(self, request: Request) -> bytes:
        """Return a request's body; `RequestError` 413, 408 or 415 where it cannot be taken."""
        headers, receive = request.headers, request.receive
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise RequestError(415, "expected a body that is not compressed")
        if int(headers.get(b"content-length", 0)) > self._max_bytes:
            raise self._too_large()
        try:
            return await _within(self._timeout, self._receive(receive))
        except asyncio.CancelledError as cancelled:
            if cancelled.args != (_TOO_SLOW,):
                raise
            task = asyncio.current_task()
            assert task
            task.uncancel()
            raise RequestError(
                408, f"the body did not come within {self._timeout:g} seconds"
            ) from None

    async def _receive(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            more = message.get("more_body", False)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._max_bytes:
                raise self._too_large()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> RequestError:
        return RequestError(
            413, f"the body is larger than {self._max_bytes} bytes: send records in parts"
        )


@coroutine
def _within(seconds: float, work: Coroutine[Any, Any, bytes]) -> Generator[Any, Any, bytes]:
    """Cancel the task if the work takes longer; what need not wait at all sets no alarm.

    Most bodies are there already, and an alarm costs as much as all else that is done to them.
    """
    try:
        waiting = work.send(None)
    except StopIteration as done:
        body: bytes = done.value
        return body
    task = asyncio.current_task()
    assert task
    alarm = asyncio.get_running_loop().call_later(seconds, task.cancel, _TOO_SLOW)
    try:
        yield waiting
        return (yield from work.__await__())
    finally:
        alarm.cancel()
        work.close()
