"""The settings as they were found in order: a stage reads them here, and checks nothing again.

What is kept names the params.yaml that was checked by its digest. Where that is another one by now,
or nothing is kept, whoever asks reads and checks params.yaml itself.
"""

import hashlib
import json
from typing import Any

from project.artefacts import CHECKED, PARAMS
from project.files import write_text


def remember(settings: dict[str, Any]) -> None:
    """Keep what was read from params.yaml and checked; not what JSON would give back otherwise."""
    try:
        text = json.dumps({"params": _digest(), "settings": settings})
    except TypeError:  # a date among an estimator's parameters
        return
    if json.loads(text)["settings"] == settings:
        write_text(CHECKED, text)


def recall() -> dict[str, Any] | None:
    """Return the settings where params.yaml is still what was checked."""
    try:
        kept = json.loads(CHECKED.read_text(encoding="utf-8"))
        return dict(kept["settings"]) if kept["params"] == _digest() else None
    except (FileNotFoundError, ValueError):  # none was kept, or a power cut has taken a part of it
        return None


def _digest() -> str:
    return hashlib.sha256(PARAMS.read_bytes()).hexdigest()
