"""Ending when told to, so that what was started ends too and what was begun is taken away."""

import signal
import sys


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
