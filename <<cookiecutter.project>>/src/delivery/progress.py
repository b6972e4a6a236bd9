"""A bar while bytes go over a network, where there is a terminal to show it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from delivery.registry.interface import Sent


@contextmanager
def transfer(what: str, total: int | None) -> Iterator[Sent]:
    """Show how much of `total` bytes has gone, if that is known; yield what is to be told."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda size: progress.advance(task, size)
