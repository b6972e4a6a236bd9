"""Write so many recorded predictions, one in each request: run by a project's Python."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from monitoring.simulate import simulate
from monitoring.traffic import record
from monitoring.watched import read_watched
from project.artefacts import TEST
from project.tables import read_table


def main() -> None:
    """Draw rows of the test split, and record them as the service would have."""
    rows, out = int(sys.argv[1]), Path(sys.argv[2])
    watched, model = read_watched()
    table = simulate(read_table(TEST), watched.contract, "none", rows, seed=1)
    record(table, watched, model, out, datetime.now(UTC), request_rows=1)


if __name__ == "__main__":
    main()
