"""Records by column name, as people write them: from a request's bytes to rows."""

import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson

from serving.bundle import Contract
from serving.not_json import Place, not_json
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


#: Beyond this a number rounds to infinity: the greatest float32 and half a step more.
_LARGEST = float(np.finfo(np.float32).max) * (1 + 2**-25)


class RecordReader:
    """Reads requests to one model; `max_rows` bounds each of them.

    What is not wrong is read in C, column by column or row by row; only where something is wrong
    does Python look at each value, to say which.
    """

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self._columns = contract.columns
        self._max_rows = max_rows
        self._layout = Layout.of(contract.columns)
        self._numbers = _reader(self._layout.numbers, KINDS["number"].types)
        self._booleans = _reader(self._layout.booleans, KINDS["boolean"].types)
        self._texts = _reader(self._layout.categories, KINDS["category"].types)

    def read(self, body: bytes) -> Rows:
        """Return the rows of one record or of a list; `RequestError` where one is wrong."""
        records = self._parse(body)
        rows = self.rows_of(records)
        if body.count(b":") != len(records) * len(self._columns):
            _refuse_columns_given_twice(body)
        return rows

    def rows_of(self, records: list[Any]) -> Rows:
        """Return the rows of parsed records; `RequestError` where one is wrong."""
        try:
            numbers, booleans = self._numbers(records), self._booleans(records)
            texts = self._texts(records)
        except (LookupError, TypeError):  # a column is missing, a record or a value is none
            raise self._mistake(records) from None
        # All columns are there, so any key more is one that the model does not know.
        if sum(map(len, records)) != len(records) * len(self._columns):
            raise self._mistake(records)
        try:
            floats = _floats(numbers).reshape(len(records), -1)
        except OverflowError:
            raise self._too_large(records) from None
        if booleans:
            floats = np.hstack([floats, _floats(booleans).reshape(len(records), -1)])
        if None in texts:
            texts = ["" if text is None else text for text in texts]
        return Rows(floats, np.array(texts, dtype=object).reshape(len(records), -1))

    def _parse(self, body: bytes) -> list[Any]:
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise not_json(body, error, _places) from None
        records = data if type(data) is list else [data]
        if not records:
            raise RequestError(422, "expected at least one record, found an empty list")
        if len(records) > self._max_rows:
            raise RequestError(
                413, f"{len(records)} records, the bound is {self._max_rows}: send them in parts"
            )
        return records

    def _too_large(self, records: list[Any]) -> RequestError:
        """Find the first number that the graph cannot take; there is one."""
        for row, record in enumerate(records):
            for name in self._layout.numbers:
                if abs(record[name] or 0) > _LARGEST:
                    found = f"{shown(record[name])} is beyond 32-bit floating point"
                    return RequestError(422, f"record {row}, column {name}: {found}", name, row)
        raise AssertionError("no number too large in records that were refused")

    def _mistake(self, records: list[Any]) -> RequestError:
        """Find the first mistake; there is one."""
        for row, record in enumerate(records):
            if type(record) is not dict:
                return RequestError(
                    422, f"record {row}: expected an object, found {shown(record)}", row=row
                )
            for name, kind in self._columns.items():
                if name not in record:
                    missing = f"record {row}: column {name} is missing"
                    unknown = sorted(record.keys() - self._columns.keys())
                    if unknown:
                        missing += f", and the model has no column {shown(unknown[0])}"
                    return RequestError(422, missing, name, row)
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


def _reader(names: tuple[str, ...], types: frozenset[type]) -> Callable[[list[Any]], list[Any]]:
    """Return what takes these columns out of records, row by row in one list."""
    if not names:
        return lambda records: []
    get = itemgetter(*names)

    def read(records: list[Any]) -> list[Any]:
        taken = map(get, records)
        values = list(taken if len(names) == 1 else chain.from_iterable(taken))
        if not set(map(type, values)) <= types:
            raise TypeError
        return values

    return read


def _floats(values: list[Any]) -> Matrix:
    """Return numbers or booleans as float32, NaN for None; `OverflowError` where one is too large.

    `struct` takes a third of NumPy's time, but knows no None.
    """
    try:
        packed = struct.pack(f"<{len(values)}f", *values)
    except struct.error:
        values = [math.nan if value is None else value for value in values]
        packed = struct.pack(f"<{len(values)}f", *values)
    return np.frombuffer(packed, dtype="<f4")


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

    try:
        json.loads(body, object_pairs_hook=check)
    except RecursionError:  # so deep lies no value that counts, but one that came before it
        raise RequestError(422, "a column is given twice, once as a nested value") from None


def _places(data: Any) -> Iterator[Place]:
    """Find the values of records, of which nothing is known."""
    for row, record in enumerate(data if isinstance(data, list) else [data]):
        for name, value in record.items() if isinstance(record, dict) else ():
            yield Place(f"record {row}, column {name}", name, row, value)
