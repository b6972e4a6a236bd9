"""Requests and answers, straight on ASGI: a framework costs more than a small model does."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OCTETS = b"application/octet-stream"


class DisconnectedError(Exception):
    """The client has closed the connection: nobody is there to be answered."""


class Request(NamedTuple):
    """A request, its body yet to come; headers have lower-case names."""

    headers: dict[bytes, bytes]
    receive: Receive
    id: bytes


class Answer(NamedTuple):
    """What is sent back."""

    body: bytes
    status: int = 200
    kind: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


Endpoint = Callable[[Request], Awaitable[Answer]]


def always(answer: Answer) -> Endpoint:
    """Return an endpoint whose answer does not change."""

    async def endpoint(request: Request) -> Answer:
        return answer

    return endpoint


async def send_answer(send: Send, answer: Answer, *headers: tuple[bytes, bytes]) -> None:
    """Send an answer, with further headers."""
    length = (b"content-length", b"%d" % len(answer.body))
    start = [(b"content-type", answer.kind), length, *answer.headers, *headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": start})
    await send({"type": "http.response.body", "body": answer.body})
