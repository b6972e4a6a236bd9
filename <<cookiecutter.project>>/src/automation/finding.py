"""What `make doctor` has looked at."""

from dataclasses import dataclass
from typing import Literal

#: without: it goes without, and a part of the project does not.
Verdict = Literal["ok", "missing", "without"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what to do where it is missing."""

    what: str
    verdict: Verdict
    advice: str = ""
