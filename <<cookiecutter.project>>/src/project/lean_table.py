"""A table for people without the blanks that rich puts at the end of its lines."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.table import Table


class LeanTable(Table):
    """Columns without a frame; no line ends in blanks, so that what is copied or kept has none."""

    def __init__(self, *header: str, **options: Any) -> None:
        super().__init__(*header, box=None, **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Draw the lines, each up to its last sign."""
        drawn = super().__rich_console__(console, options)
        for line in Segment.split_lines(part for part in drawn if isinstance(part, Segment)):
            yield from _without_end(line)
            yield Segment.line()


def _without_end(line: list[Segment]) -> list[Segment]:
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else []
