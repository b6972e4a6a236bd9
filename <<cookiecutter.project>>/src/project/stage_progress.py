"""What a terminal shows below the lines of a run: the stage at work, and for how long."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

STARTS = re.compile(r"Running stage '(\w+)'")

Write = Callable[[str], object]


@contextmanager
def stage_progress() -> Iterator[tuple[Write, Write]]:
    """Yield what takes a line for stdout, and one for stderr; they may be called by threads."""
    if not sys.stdout.isatty():  # nor is Rich imported
        yield _plain(sys.stdout), _plain(sys.stderr)
        return
    from rich.console import Console

    with live(Console()) as write:
        yield write, write if sys.stderr.isatty() else _plain(sys.stderr)


@contextmanager
def live(console: "Console") -> Iterator[Write]:
    """Yield what prints a line above the last one, which tells of the stage at work."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task("dvc", total=None)

        def write(line: str) -> None:
            if started := STARTS.match(line):
                progress.reset(task, description=started[1])
            console.print(line, end="", markup=False, highlight=False, soft_wrap=True)

        yield write


def _plain(out: TextIO) -> Write:
    return lambda line: print(line, end="", file=out, flush=True)
