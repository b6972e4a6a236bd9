"""Records by column name, as people write them: from a request's bytes to rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson

from serving.bundle import Contract
from serving.request_error import RequestError, shown
from serving.rows import Layout, Matrix, Rows

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand in a column, as Python's types of JSON values, and as people say it."""

    types: frozenset[type]
    words: str


KINDS = {
    "number": Kind(frozenset({float, int, type(None)}), "a number or null"),
    "boolean": Kind(frozenset({bool, type(None)}), "true, false or null"),
    "category": Kind(frozenset({str, type(None)}), "a string or null"),
}


class RecordReader:
    """Reads requests to one model; `max_rows` bounds each of them.

    The way of a request without mistakes runs in C, record by record; only where something is
    wrong does Python look at each value, to say which.
    """

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self._columns = contract.columns
        self._max_rows = max_rows
        layout = Layout.of(contract.columns)
        self._numbers = _reader("number", layout.numbers)
        self._booleans = _reader("boolean", layout.booleans)
        self._categories = _reader("category", layout.categories)
        self._floats = layout.numbers + layout.booleans

    def read(self, body: bytes) -> Rows:
        """Return the rows of one record or of a list; `RequestError` where one is wrong."""
        records = self._parse(body)
        try:
            numbers = self._numbers(records)
            booleans = self._booleans(records)
            categories = self._categories(records)
        except (LookupError, TypeError):  # a column is missing, a record or a value is none
            raise self._mistake(records) from None
        # All columns are there, so any key more is one that the model does not know.
        keys = len(records) * len(self._columns)
        if sum(map(len, records)) != keys:
            raise self._mistake(records)
        if body.count(b":") != keys:
            _refuse_columns_given_twice(body)
        return Rows(self._matrix(numbers, booleans), _texts(categories, len(records)))

    def _parse(self, body: bytes) -> list[Any]:
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _not_json(body, error) from None
        records = data if type(data) is list else [data]
        if not records:
            raise RequestError(422, "expected at least one record, found an empty list")
        if len(records) > self._max_rows:
            raise RequestError(
                413, f"{len(records)} records, the bound is {self._max_rows}: send them in parts"
            )
        return records

    def _matrix(self, numbers: list[Any], booleans: list[Any]) -> Matrix:
        with np.errstate(over="ignore"):
            parts = [np.array(part, dtype=np.float32) for part in (numbers, booleans) if part]
        if not parts:
            return np.empty((0, 0), dtype=np.float32)
        floats = parts[0] if len(parts) == 1 else np.hstack(parts)
        if np.isinf(floats).any():
            row, place = (int(found[0]) for found in np.nonzero(np.isinf(floats)))
            name = self._floats[place]
            raise RequestError(
                422,
                f"record {row}, column {name}: {shown(numbers[row][place])} is beyond 32-bit "
                "floating point",
                name,
                row,
            )
        return floats

    def _mistake(self, records: list[Any]) -> RequestError:
        """Find the first mistake; there is one."""
        for row, record in enumerate(records):
            if type(record) is not dict:
                return RequestError(
                    422, f"record {row}: expected an object, found {shown(record)}", row=row
                )
            for name, kind in self._columns.items():
                if name not in record:
                    return RequestError(422, f"record {row}: column {name} is missing", name, row)
                if type(record[name]) not in KINDS[kind].types:
                    return RequestError(
                        422,
                        f"record {row}, column {name}: expected {KINDS[kind].words}, found "
                        f"{shown(record[name])}",
                        name,
                        row,
                    )
            for name in record.keys() - self._columns.keys():
                return RequestError(
                    422, f"record {row}: the model has no column {shown(name)}", name, row
                )
        raise AssertionError("no mistake in records that were refused")


def _reader(kind: str, names: tuple[str, ...]) -> Callable[[list[Any]], list[Any]]:
    """Return what takes these columns out of records, as one tuple a record."""
    if not names:
        return lambda records: []
    types = KINDS[kind].types
    get: Callable[[Any], Any] = itemgetter(*names)

    def read(records: list[Any]) -> list[Any]:
        values = list(map(get, records))
        if len(names) == 1:
            values = [(value,) for value in values]
        if not set(map(type, chain.from_iterable(values))) <= types:
            raise TypeError
        return values

    return read


def _texts(categories: list[Any], rows: int) -> Matrix:
    if not categories:
        return np.empty((rows, 0), dtype=object)
    texts = np.array(categories, dtype=object)
    texts[texts == None] = ""  # noqa: E711
    return texts


def _refuse_columns_given_twice(body: bytes) -> None:
    """Raise `RequestError` where a key comes twice: JSON readers differ on which one counts."""
    row = 0

    def check(pairs: list[tuple[str, Any]]) -> None:
        nonlocal row
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise RequestError(422, f"record {row}: column {name} is given twice", name, row)
            seen.add(name)
        row += 1

    json.loads(body, object_pairs_hook=check)


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> RequestError:
    """Say where the body is not JSON: by record and column, where a number is none."""
    if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
        try:
            data = json.loads(body)  # Python's own reader lets them through
        except (ValueError, RecursionError):
            data = []
        for row, record in enumerate(data if isinstance(data, list) else [data]):
            for name, value in record.items() if isinstance(record, dict) else ():
                if isinstance(value, float) and not np.isfinite(value):
                    return RequestError(
                        400,
                        f"record {row}, column {name}: {value} is no number in JSON; write null "
                        "where a value is missing",
                        name,
                        row,
                    )
    return RequestError(400, f"the body is not JSON: {error}")
