"""Answers as JSON: put together from parts, with no Python object for each value."""

import numpy as np
import orjson

from serving.rows import Matrix
from serving.session import Outputs


class AnswerWriter:
    """Writes what one model answers; `classes` in the order of its probabilities, or None.

    A row is a pattern of parts, the same for all rows but for a label and some numbers. Numbers
    have as many digits as tell one float32 from the next; what is none is null.
    """

    def __init__(self, classes: list[str] | None) -> None:
        self._of_classes = classes is not None
        keys = [orjson.dumps(name) for name in classes or ["prediction"]]
        opened = [b'{"label":%b,"probabilities":{%b:' % (key, keys[0]) for key in keys]
        self._heads = dict(zip(classes or [], opened, strict=False))
        self._columns = len(keys)
        self._row = [b"{%b:" % keys[0]]
        for key in keys[1:]:
            self._row += [b"", b",%b:" % key]
        self._row += [b"", b"}}," if classes else b"},"]

    def write(self, outputs: Outputs) -> bytes:
        """Return a JSON list with one answer for each row: label and probabilities, or a number."""
        values = _texts(outputs["probabilities" if self._of_classes else "prediction"])
        width = len(self._row)
        parts = self._row * (len(values) // self._columns)
        for place in range(self._columns):
            parts[2 * place + 1 :: width] = values[place :: self._columns]
        if self._of_classes:
            parts[::width] = [self._heads[label] for label in outputs["label"].tolist()]
        return b"[%b]" % b"".join(parts)[:-1]


def _texts(values: Matrix) -> list[bytes]:
    """Return each number as JSON, row by row."""
    flat = np.ascontiguousarray(values).ravel()
    listed: bytes = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)
    return listed[1:-1].split(b",")
