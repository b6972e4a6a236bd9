"""Measure, and write the tables into docs/benchmarks.md: `python -m benchmarks [name …]`."""

import importlib
import sys
import tempfile
from pathlib import Path

from benchmarks.document import write

NAMES = (
    "generation",
    "nothing_to_do",
    "from_scratch",
    "growth",
    "pushed_bytes",
    "fleet",
    "fleet_state",
    "serving",
    "batch",
    "start",
    "drift",
    "drift_false_alarms",
    "soak",
)


def main() -> None:
    """Run the measurements that are named, or all."""
    chosen = sys.argv[1:] or NAMES
    if unknown := [name for name in chosen if name not in NAMES]:
        sys.exit(f"{unknown[0]}: no such measurement; choose from {', '.join(NAMES)}")
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            tables = importlib.import_module(f"benchmarks.{name}").measure(Path(folder))
        print(f"\n{name}\n\n{write(name, tables)}", flush=True)


if __name__ == "__main__":
    main()
