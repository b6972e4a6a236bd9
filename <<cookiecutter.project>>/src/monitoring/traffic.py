"""Rows on their way to a service, or to where it would have recorded them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import orjson
import pyarrow as pa
from pyarrow import csv, parquet

from monitoring.watched import Watched
from project.errors import UserError
from project.files import replacing
from project.onnx_model import OnnxModel

REQUEST_ROWS = 20
MANY_ROWS = 10_000
SPREAD = timedelta(days=7) - timedelta(minutes=1)  # within what make drift reads

#: The request's id and the record in it, for each row.
Answered = tuple[list[str], list[int]]


def send(table: pa.Table, watched: Watched, url: str) -> Answered:
    """Ask a running service for predictions; `UserError` where it does not give them."""
    requests: list[str] = []
    records: list[int] = []
    for rows in _parts(table, watched):
        body = orjson.dumps(rows)
        try:
            question = Request(f"{url.rstrip('/')}/predict", body, method="POST")
            with urlopen(question, timeout=30) as answer:
                request = answer.headers["X-Request-Id"]
        except HTTPError as error:
            raise UserError(f"URL: {url}: {error.code}: {_said(error)}") from None
        except (URLError, HTTPException, ValueError, OSError) as error:
            why = getattr(error, "reason", error)  # of a URLError, whose own words wrap it
            raise UserError(f"URL: {url}: {why}; is it there? type: make serve") from None
        if not request:
            raise UserError(f"URL: {url}: it answers without X-Request-Id; expected make serve's")
        requests += [request] * len(rows)
        records += range(len(rows))
    return requests, records


def _said(error: HTTPError) -> str:
    """Return the service's own words, or the status' where something else answers: a proxy, say."""
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, LookupError, TypeError, HTTPException, OSError):
        return error.reason


def record(
    table: pa.Table,
    watched: Watched,
    model: OnnxModel,
    path: Path,
    now: datetime,
    request_rows: int = REQUEST_ROWS,
) -> Answered:
    """Write lines as the service would have, spread over the last week."""
    requests: list[str] = []
    records: list[int] = []
    count = -(-table.num_rows // request_rows)
    with replacing(path) as temporary, temporary.open("wb") as file:
        for number, (stored, answers) in enumerate(_answered(table, watched, model, request_rows)):
            moment = now - SPREAD * (1 - (number + 1) / count)
            request = f"simulated-{now:%Y%m%dT%H%M%SZ}-{number}"
            line = {
                "time": moment.isoformat(timespec="microseconds"),
                "request_id": request,
                "model": watched.digest,
                "inputs": stored,
                "outputs": answers,
            }
            file.write(orjson.dumps(line) + b"\n")
            requests += [request] * len(stored)
            records += range(len(stored))
    return requests, records


def write_rows(table: pa.Table, path: Path) -> None:
    """Write bare rows as CSV or Parquet."""
    with replacing(path) as temporary:
        write = csv.write_csv if path.suffix == ".csv" else parquet.write_table
        write(table.replace_schema_metadata(None), temporary)


def _parts(table: pa.Table, watched: Watched) -> Iterator[list[dict[str, Any]]]:
    inputs = table.select(list(watched.contract.columns))
    for start in range(0, table.num_rows, REQUEST_ROWS):
        yield inputs.slice(start, REQUEST_ROWS).to_pylist()


def _answered(
    table: pa.Table, watched: Watched, model: OnnxModel, request_rows: int
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Yield requests as they are recorded, with their answers; many are made at once."""
    step = max(MANY_ROWS // request_rows, 1) * request_rows
    for start in range(0, table.num_rows, step):
        rows = table.slice(start, step)
        stored, answers = watched.as_recorded(rows).to_pylist(), _answers(rows, model)
        for place in range(0, len(stored), request_rows):
            part = slice(place, place + request_rows)
            yield stored[part], answers[part]


def _answers(table: pa.Table, model: OnnxModel) -> list[dict[str, Any]]:
    predicted = model.predict(table)
    classes = model.contract.classes
    if classes is None or predicted.label is None:
        return [{"prediction": value} for value in predicted.scores.tolist()]
    return [
        {"label": str(label), "probabilities": dict(zip(classes, shares, strict=True))}
        for label, shares in zip(predicted.label.tolist(), predicted.scores.tolist(), strict=True)
    ]
