"""Bodies that are no JSON: where, when what is wrong is a number that JSON has not."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from serving.request_error import RequestError


class Place(NamedTuple):
    """A value of a request, and what a person and a program call its place."""

    words: str
    field: str
    row: int
    value: Any


def not_json(
    body: bytes, error: orjson.JSONDecodeError, places: Callable[[Any], Iterator[Place]]
) -> RequestError:
    """Return the error of a body that is no JSON; `places` finds the values of one that is read."""
    if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
        try:
            data = json.loads(body)  # Python's own reader lets them through
        except (ValueError, RecursionError):
            data = None
        for words, field, row, value in places(data):
            if isinstance(value, float) and not math.isfinite(value):
                none = f"{value} is no number in JSON; write null where a value is missing"
                return RequestError(400, f"{words}: {none}", field, row)
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                large = f"a number of {len(str(value))} digits is beyond 64-bit floating point"
                return RequestError(400, f"{words}: {large}", field, row)
    return RequestError(400, f"the body is not JSON: {error}")
