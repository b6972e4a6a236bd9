"""The service's endpoints, whichever server runs them."""

import logging
import re
import secrets
from collections.abc import Collection
from itertools import count
from pathlib import Path
from time import perf_counter, time

import numpy as np
import orjson

from serving.admission import Admission
from serving.answers import AnswerWriter
from serving.batching import Batcher
from serving.bundle import Bundle
from serving.http import (
    Answer,
    DisconnectedError,
    Endpoint,
    Receive,
    Request,
    Scope,
    Send,
    always,
    send_answer,
)
from serving.inference_protocol import InferenceProtocol
from serving.openapi import page_files
from serving.recording import Record, Recorder
from serving.records import RecordReader
from serving.request_error import RequestError
from serving.rows import Rows
from serving.session import Session, golden_mistake
from serving.telemetry import Telemetry

log = logging.getLogger("bentoml.serving")

_REQUEST_ID = re.compile(rb"[!-~]{1,128}")
_CLOSE = (b"connection", b"close")


class Api:
    """An ASGI application that answers for one model.

    It is ready once the golden inputs have given the golden outputs, and until it drains.
    `recordings` is the folder for predictions, None where they are not recorded.
    """

    def __init__(self, bundle: Bundle, recordings: Path | None = None) -> None:
        settings = bundle.settings
        timeout, max_rows = settings["timeout_seconds"], settings["max_rows"]
        self._admission = Admission(settings["max_queue"], settings["max_bytes"], timeout)
        self._session = Session(bundle)
        self._records = RecordReader(bundle.contract, max_rows)
        self._answers = AnswerWriter(bundle.contract.classes)
        self._protocol = InferenceProtocol(bundle, self._session)
        self._telemetry = Telemetry(bundle)
        self._batcher = Batcher(self._session.run, max_rows, timeout, self._telemetry.on_batch)
        self._recorder = recordings and Recorder(bundle, recordings, self._telemetry.on_drop)
        self._draining = False
        self._ids = map((secrets.token_hex(6).encode() + b"-%d").__mod__, count(1))
        named = {"name": bundle.name, "version": bundle.version, "digest": bundle.digest}
        self._signature = b',"model":' + orjson.dumps(named) + b"}"
        self._routes = self._make_routes(bundle)
        self._prove(bundle, max_rows)

    def _make_routes(self, bundle: Bundle) -> dict[str, dict[str, Endpoint]]:
        routes: dict[str, dict[str, Endpoint]] = {
            "/predict": {"POST": self._predict},
            "/livez": {"GET": always(Answer(b'{"live":true}'))},
            "/readyz": {"GET": self._ready},
            "/metrics": {"GET": self._metrics},
            "/v2": {"GET": always(Answer(orjson.dumps(self._protocol.server)))},
            "/v2/health/live": {"GET": always(Answer(b'{"live":true}'))},
            "/v2/health/ready": {"GET": self._ready},
        }
        model = f"/v2/models/{bundle.name}"
        for path in (model, f"{model}/versions/{bundle.version}"):
            routes[path] = {"GET": always(Answer(orjson.dumps(self._protocol.model)))}
            routes[f"{path}/ready"] = {"GET": self._ready}
            routes[f"{path}/infer"] = {"POST": self._infer}
        for path, answer in page_files(bundle, self._protocol).items():
            routes[path] = {"GET": always(answer)}
        return routes

    def _prove(self, bundle: Bundle, max_rows: int) -> None:
        """Hold the model against its golden rows, and see how long it takes for how many rows."""
        inputs = bundle.golden["inputs"]
        rows = self._records.rows_of(inputs)
        answers = self._answers.write(self._session.run(rows))
        if mistake := golden_mistake(orjson.loads(answers), bundle.golden):
            self._admission.not_ready = mistake
            log.error("not ready: %s", mistake)
        for power in range(max_rows.bit_length()):
            places = np.arange(2**power) % len(inputs)
            if not self._batcher.warm(Rows(rows.floats[places], rows.texts[places])):
                break  # larger ones are for the thread, however long they take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is."""
        start = perf_counter()
        headers = dict(scope["headers"])
        request_id = headers.get(b"x-request-id")
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = next(self._ids)
        request = Request(headers, receive, request_id)
        path = scope["path"]
        methods = self._routes.get(path)
        try:
            if methods is None:
                path = "other"  # of which there may be any number
                raise RequestError(404, f"no such path; {' '.join(self._routes)} are there")
            # To HEAD the server sends what GET would be answered, but for the body.
            endpoint = methods.get(scope["method"].replace("HEAD", "GET"))
            answer = await endpoint(request) if endpoint else _not_allowed(methods, path)
        except RequestError as error:
            answer = Answer(error.body(), error.status)
        except DisconnectedError:
            return
        except Exception:
            log.exception("request %s", request_id.decode())
            answer = Answer(b'{"error":"internal error; the log has it by the request id"}', 500)
        close = (_CLOSE,) if self._draining else ()
        await send_answer(send, answer, (b"x-request-id", request_id), *close)
        self._telemetry.answered(path, answer.status, perf_counter() - start)

    async def _predict(self, request: Request) -> Answer:
        with self._admission:
            body = await self._admission.body(request)
            rows = self._records.read(body)
            outputs = await self._batcher.predict(rows)
        answers = self._answers.write(outputs)
        self._telemetry.predicted(rows, outputs)
        if self._recorder:
            record = Record(time(), request.id, body, answers)
            self._recorder.put(record, len(body) + len(answers))
        return Answer(b'{"predictions":' + answers + self._signature)

    async def _infer(self, request: Request) -> Answer:
        with self._admission:
            body = await self._admission.body(request)
            inference = self._protocol.read(body, request)
            outputs = await self._batcher.predict(inference.rows)
        self._telemetry.predicted(inference.rows, outputs)
        if self._recorder:
            self._recorder.put(Record(time(), request.id, inference.rows, outputs), len(body))
        return self._protocol.answer(inference, outputs)

    async def _ready(self, request: Request) -> Answer:
        if why := self._admission.not_ready or ("shutting down" if self._draining else None):
            raise RequestError(503, why)
        return Answer(b'{"ready":true}')

    async def _metrics(self, request: Request) -> Answer:
        return self._telemetry.exposition()

    def drain(self) -> None:
        """Ask whoever sends requests to send them elsewhere, and go on answering."""
        self._draining = True

    def close(self) -> None:
        """Finish what is under way, and write down what was answered."""
        self._batcher.close()
        self._telemetry.publish()
        if self._recorder:
            self._recorder.close()


def _not_allowed(methods: Collection[str], path: str) -> Answer:
    """Say which methods a path has, to people and to machines."""
    error = RequestError(405, f"expected {' or '.join(methods)} {path}")
    allowed = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
    return Answer(error.body(), error.status, headers=((b"allow", allowed.encode()),))
