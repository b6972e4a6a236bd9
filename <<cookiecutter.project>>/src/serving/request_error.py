"""What a request is refused with: a status, and a body that says where it is wrong."""

import json
from typing import Any

import orjson


class RequestError(Exception):
    """A request that is not answered with predictions.

    status: of HTTP. message: where, what was expected, what was found. field, row: the column's
    name and the record's place in the request, from 0, where the mistake has one.
    """

    def __init__(
        self, status: int, message: str, field: str | None = None, row: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.row = row

    def body(self) -> bytes:
        """Return the answer as JSON; `error` is a string, as the Open Inference Protocol asks."""
        place: dict[str, Any] = {"error": self.message}
        if self.row is not None:
            place["row"] = self.row
        if self.field is not None:
            place["field"] = self.field
        try:
            body: bytes = orjson.dumps(place)
        except TypeError:  # half a surrogate in a column's name, which has no UTF-8
            body = json.dumps(place).encode()
        return body


def shown(value: Any) -> str:
    """Show a value of the client's within a message: as JSON, and short."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # nested deeper than orjson writes
        text = type(value).__name__
    return text if len(text) <= 40 else f"{text[:37]}…"
