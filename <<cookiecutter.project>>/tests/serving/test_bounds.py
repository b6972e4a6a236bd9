"""What a worker bears: so many requests, for so long; and batches that cost nobody anything."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

from serving.admission import Admission
from serving.batching import Batcher
from serving.http import Request
from serving.request_error import RequestError
from serving.rows import Rows
from serving.session import Outputs, Session

Serve = Callable[..., Any]
RECORD = {"size": 3.0, "age": 4, "new": True, "colour": "g"}
TENSORS = [
    {"name": name, "datatype": "BYTES", "shape": [1, 1], "data": [value]}
    if isinstance(value, str)
    else {"name": name, "datatype": "FP32", "shape": [1, 1], "data": [float(value)]}
    for name, value in RECORD.items()
]


def rows(*values: float) -> Rows:
    """Return rows of one number each."""
    return Rows(np.array([values], dtype=np.float32).T, np.empty((len(values), 0), dtype=object))


class Doubler:
    """A model that doubles, and remembers its batches; it refuses what is below zero."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self._seconds = seconds

    def __call__(self, rows: Rows) -> Outputs:
        time.sleep(self._seconds)
        if rows.floats.min() < 0:
            raise ValueError("below zero")
        self.batches.append(rows.size)
        return {"prediction": rows.floats * 2}


async def ask(batcher: Batcher, *requests: Rows) -> list[Any]:
    """Predict requests that come at once."""
    asked = [batcher.predict(request) for request in requests]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [
        answer if isinstance(answer, BaseException) else answer["prediction"].ravel().tolist()
        for answer in answers
    ]


@pytest.mark.parametrize("seconds", [0.0, 0.02], ids=["on the loop", "in the thread"])
def test_requests_that_come_together_are_predicted_together(seconds: float) -> None:
    model = Doubler(seconds)
    batcher = Batcher(model, 64, 5.0, lambda rows: None)
    for size in (1, 2, 4, 8, 16):
        batcher.warm(rows(*range(size)))
    model.batches.clear()

    answers = asyncio.run(ask(batcher, *(rows(n, n + 0.5) for n in range(6))))

    assert answers == [[2 * n, 2 * n + 1] for n in range(6)]
    assert model.batches == [2, 10]


def test_a_start_does_not_try_batches_that_are_for_the_thread_anyway(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    run = Session.run

    def slow(session: Session, rows: Rows) -> Outputs:
        tried.append(rows.size)
        time.sleep(0.002 * rows.size)
        return run(session, rows)

    monkeypatch.setattr(Session, "run", slow)
    client = serve()

    assert max(tried[1:]) <= 4  # the first are the golden rows
    assert client.post("/predict", json=[RECORD] * 20).status_code == 200


class Slowing(Doubler):
    """A model that takes four times as long for twice the rows."""

    def __call__(self, rows: Rows) -> Outputs:
        end = time.perf_counter() + 1e-5 * rows.size**2
        outputs = super().__call__(rows)
        while time.perf_counter() < end:
            pass  # sleeping is not that exact
        return outputs


def test_requests_that_gain_nothing_by_it_do_not_wait_for_one_another() -> None:
    model = Slowing()
    batcher = Batcher(model, 64, 5.0, lambda rows: None)
    for size in (1, 2, 4, 8, 16):
        batcher.warm(rows(*range(size)))
    model.batches.clear()

    answers = asyncio.run(ask(batcher, *(rows(*[n] * 8) for n in range(12))))

    assert answers == [[2 * n] * 8 for n in range(12)]
    assert model.batches[:4] == [8] * 4
    # After five milliseconds the loop has other things to do: the thread has the rest.
    assert max(model.batches) > 8


def test_a_batch_holds_no_more_rows_than_it_may() -> None:
    model = Doubler(0.02)
    batcher = Batcher(model, 3, 5.0, lambda rows: None)

    answers = asyncio.run(ask(batcher, rows(1), *(rows(n, n) for n in range(3)), rows(1, 2, 3, 4)))

    assert answers[1:] == [[0, 0], [2, 2], [4, 4], [2, 4, 6, 8]]
    assert model.batches == [1, 2, 2, 2, 4]


def test_one_request_that_fails_costs_the_others_nothing() -> None:
    batcher = Batcher(Doubler(0.02), 64, 5.0, lambda rows: None)

    answers = asyncio.run(ask(batcher, rows(1), rows(2), rows(-1), rows(3)))

    assert [answers[place] for place in (0, 1, 3)] == [[2], [4], [6]]
    assert isinstance(answers[2], ValueError)


def test_a_prediction_that_takes_too_long_is_given_up() -> None:
    batcher = Batcher(Doubler(0.2), 1, 0.05, lambda rows: None)

    answers = asyncio.run(ask(batcher, rows(1), rows(2)))

    assert [answer.status for answer in answers] == [504, 504]
    assert asyncio.run(ask(Batcher(Doubler(), 1, 0.05, lambda rows: None), rows(1))) == [[2]]


def test_the_loop_goes_on_while_a_slow_model_predicts() -> None:
    async def count() -> int:
        batcher = Batcher(Doubler(0.2), 1, 5.0, lambda rows: None)
        asked = asyncio.ensure_future(batcher.predict(rows(1)))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 5


def test_more_requests_than_may_wait_are_turned_away(serve: Serve) -> None:
    client = serve(max_queue=2)

    asked = [("POST", "/predict", {"content": slowly(b"{}")}) for _ in range(3)]
    answers = client.together(asked)
    statuses = sorted(answer.status_code for answer in answers)

    assert statuses == [422, 422, 429]
    assert client.post("/predict", json=RECORD).status_code == 200


async def slowly(body: bytes) -> AsyncIterator[bytes]:
    """Send a body so that requests overlap."""
    await asyncio.sleep(0.05)
    yield body


@pytest.mark.parametrize("path", ["/predict", "/v2/models/houses/infer"])
def test_a_model_that_is_too_slow_is_answered_by_504_and_the_place_is_free_again(
    path: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, answered = Session.run, threading.Event()

    def slow(session: Session, rows: Rows) -> Outputs:
        time.sleep(0.03)  # which the start sees
        answered.wait(10)
        return run(session, rows)

    monkeypatch.setattr(Session, "run", slow)
    answered.set()
    client = serve(max_rows=1, max_queue=1, timeout_seconds=0.005)
    answered.clear()
    body = RECORD if path == "/predict" else {"inputs": TENSORS}

    answers = [client.post(path, json=body) for _ in range(2)]
    answered.set()

    assert [answer.status_code for answer in answers] == [504, 504]
    assert answers[0].json() == {"error": "no prediction within 0.005 seconds"}
    found = client.get("/metrics").text
    assert f'path="{path}",status="504"}} 2.0' in found


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    admission = Admission(max_queue=1, max_bytes=10, timeout=0.05)
    with pytest.raises(RequestError) as refused:
        asyncio.run(admission.body(Request({}, receive, b"1")))
    assert refused.value.status == 408


def test_a_body_without_a_length_is_read_no_further_than_it_may() -> None:
    chunks = 0

    async def receive() -> dict[str, Any]:
        nonlocal chunks
        chunks += 1
        return {"type": "http.request", "body": b"[[[[[", "more_body": True}

    admission = Admission(max_queue=1, max_bytes=10, timeout=5.0)
    with pytest.raises(RequestError) as refused:
        asyncio.run(admission.body(Request({}, receive, b"1")))
    assert (refused.value.status, chunks) == (413, 3)


def test_a_compressed_body_is_refused(serve: Serve) -> None:
    headers = {"content-encoding": "gzip"}
    answer = serve().post("/predict", content=b"\x1f\x8b", headers=headers)

    assert answer.status_code == 415
