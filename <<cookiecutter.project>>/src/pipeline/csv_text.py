"""CSV as DVC's plots read it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV text, floats to six digits; without rows there is still the header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(
        [f"{float(v):.6g}" if isinstance(v, float | np.floating) else v for v in row]
        for row in rows
    )
    return text.getvalue()
