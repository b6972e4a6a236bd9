"""What a process costs, and two of them side by side."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: As on a user's machine: bytecode is written and used, no environment of ours is active.
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
}


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of processor (user and system), and peak memory in bytes."""

    wall: float
    cpu: float
    peak: int = 0


@dataclass(frozen=True)
class Command:
    """A command, the folder it runs in, and what is done before each run, which is not measured."""

    arguments: tuple[str, ...]
    folder: Path
    before: Callable[[], object] = lambda: None


def run(command: Command) -> Cost:
    """Run a command, with all that it starts, and return what it cost; stop where it fails."""
    command.before()
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            said.seek(0)
            raise SystemExit(f"{' '.join(command.arguments)}:\n{said.read().decode()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def alternate(commands: Mapping[str, Command], times: int) -> dict[str, Cost]:
    """Run the commands in turn, several times; return the least that each one cost.

    In turn, so that a slow minute of the machine meets all of them; the least, since whatever else
    the machine does can only add to it.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for command in commands.values():
        run(command)  # warms the disk's cache and writes bytecode
    for _ in range(times):
        for name, command in commands.items():
            costs[name].append(run(command))
    return {name: least(several) for name, several in costs.items()}


def least(costs: list[Cost]) -> Cost:
    """Return the least clock, processor and memory of several runs."""
    return Cost(*(min(getattr(cost, key) for cost in costs) for key in ("wall", "cpu", "peak")))
