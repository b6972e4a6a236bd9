"""Ending when told to, so that what was started ends too and what was begun is taken away."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def told_by() -> tuple[signal.Signals, ...]:
    """Return what tells a process to end: a cluster or `kill`, and a terminal that is closed.

    Not the terminal under nohup, which has it ignored.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, signal.SIGHUP)


def leave_when_told() -> None:
    """Have these raise `SystemExit`, as Ctrl-C raises `KeyboardInterrupt`."""
    for number in told_by():
        signal.signal(number, lambda number, _: sys.exit(128 + number))


@contextmanager
def told_afterwards() -> Iterator[None]:
    """Have what tells this process to end wait for the end of a block that starts another process.

    Told within it, we would end without knowing the process, which would run on. Not by a mask of
    signals: the other process would have that too.
    """
    told: list[int] = []
    numbers = (*told_by(), signal.SIGINT)
    handlers = {
        each: signal.signal(each, lambda number, _: told.append(number)) for each in numbers
    }
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    for number in told:
        signal.raise_signal(number)
