"""Tables for people: as wide as the terminal, or as wide as they are where there is none."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from delivery.state.record import SHOWN
from project.lean_table import LeanTable

PIPE_WIDTH = 240  # where nobody's screen says how wide: no line of a log is broken
Cell = str | Text


def console() -> Console:
    """Return where tables are printed; rich itself heeds NO_COLOR."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def table(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> LeanTable:
    """Lay rows out; nothing in a cell is taken for rich's markup."""
    made = LeanTable(*header, pad_edge=False)
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def short(digest: str) -> str:
    """Shorten a digest as people see it."""
    return digest.partition(":")[2][:SHOWN]


def moment(time: datetime) -> str:
    """Show a time to the minute, in UTC, as records have it."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def verdict(verified: bool | None) -> Text:
    """Show whether something was verified."""
    if verified is None:
        return Text("not yet")
    return Text("yes", style="green") if verified else Text("failed", style="red")
