"""Requests and answers, straight on ASGI: a framework costs more than a small model does."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from serving.request_error import RequestError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class DisconnectedError(Exception):
    """The client has closed the connection: nobody is there to be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    body: bytes
    status: int = 200
    kind: bytes = b"application/json"
    headers: Headers = field(default_factory=list)


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request's header; `name` is in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


async def read_body(scope: Scope, receive: Receive, max_bytes: int, timeout: float) -> bytes:
    """Return a request's body; `RequestError` 413, 408 or 415 where it cannot be taken."""
    if header(scope, b"content-encoding") not in (None, "identity"):
        raise RequestError(415, "expected a body that is not compressed")
    too_large = RequestError(
        413, f"the body is larger than {max_bytes} bytes: send records in parts"
    )
    declared = header(scope, b"content-length")
    if declared is not None and int(declared) > max_bytes:
        raise too_large
    parts: list[bytes] = []
    size = 0
    more = True
    try:
        async with asyncio.timeout(timeout):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                more = message.get("more_body", False)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > max_bytes:
                    raise too_large
    except TimeoutError:
        raise RequestError(408, f"the body did not come within {timeout:g} seconds") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def send_answer(send: Send, answer: Answer, headers: Headers) -> None:
    """Send an answer, with further headers."""
    length = (b"content-length", b"%d" % len(answer.body))
    start = [(b"content-type", answer.kind), length, *answer.headers, *headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": start})
    await send({"type": "http.response.body", "body": answer.body})
