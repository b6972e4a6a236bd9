"""The service's endpoints, whichever server runs them."""

import logging
import os
import re
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import orjson

from serving.batching import Batcher
from serving.bundle import Bundle
from serving.http import (
    Answer,
    DisconnectedError,
    Headers,
    Receive,
    Scope,
    Send,
    header,
    read_body,
    send_answer,
)
from serving.records import RecordReader
from serving.request_error import RequestError
from serving.session import Session, golden_mistake, predictions

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")

log = logging.getLogger("bentoml.serving")

Endpoint = Callable[[Scope, Receive, str], Awaitable[Answer]]


class Api:
    """An ASGI application that answers for one model.

    It is ready once the golden inputs have given the golden outputs; until then, and while it
    shuts down, /readyz says 503.
    """

    def __init__(self, bundle: Bundle) -> None:
        settings = bundle.settings
        self._bundle = bundle
        self._session = Session(bundle)
        self._records = RecordReader(bundle.contract, settings["max_rows"])
        self._batcher = Batcher(
            self._session.run, settings["max_rows"], settings["timeout_seconds"]
        )
        self._max_bytes = settings["max_bytes"]
        self._max_queue = settings["max_queue"]
        self._timeout = settings["timeout_seconds"]
        self._under_way = 0
        self._ids = (f"{os.urandom(8).hex()}-{number}" for number in count())
        model = {"name": bundle.name, "version": bundle.version, "digest": bundle.digest}
        self._signature = b',"model":' + orjson.dumps(model) + b"}"
        self._not_ready = self._golden_mistake()
        self._routes: dict[str, dict[str, Endpoint]] = {
            "/predict": {"POST": self._predict},
            "/livez": {"GET": self._live},
            "/readyz": {"GET": self._ready},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        request_id = header(scope, b"x-request-id")
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = next(self._ids)
        headers: Headers = [(b"x-request-id", request_id.encode("latin-1"))]
        try:
            answer = await self._endpoint(scope)(scope, receive, request_id)
        except RequestError as error:
            answer = Answer(error.body(), error.status)
        except DisconnectedError:
            return
        except Exception:
            log.exception("request %s", request_id)
            answer = Answer(b'{"error":"internal error, see the log for the request id"}', 500)
        await send_answer(send, answer, headers)

    def _endpoint(self, scope: Scope) -> Endpoint:
        by_method = self._routes.get(scope["path"])
        if by_method is None:
            raise RequestError(404, f"no such path; {', '.join(self._routes)} are there")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method not in by_method:
            raise RequestError(405, f"expected {' or '.join(by_method)}, found {scope['method']}")
        return by_method[method]

    async def _predict(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        if self._not_ready:
            raise RequestError(503, self._not_ready)
        if self._under_way >= self._max_queue:
            raise RequestError(429, f"{self._max_queue} requests are under way; try again")
        self._under_way += 1
        try:
            body = await read_body(scope, receive, self._max_bytes, self._timeout)
            outputs = await self._batcher.submit(self._records.read(body))
        finally:
            self._under_way -= 1
        answers = orjson.dumps(predictions(outputs, self._session.classes))
        return Answer(b'{"predictions":' + answers + self._signature)

    async def _live(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        return Answer(b'{"status":"live"}')

    async def _ready(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        if self._not_ready:
            raise RequestError(503, self._not_ready)
        return Answer(b'{"status":"ready"}')

    def _golden_mistake(self) -> str | None:
        golden: dict[str, Any] = self._bundle.golden
        rows = self._records.read(orjson.dumps(golden["inputs"]))
        outputs = self._session.run(rows)
        return golden_mistake(predictions(outputs, self._session.classes), golden)

    def close(self) -> None:
        """Finish what is under way."""
        self._batcher.close()
