"""Time and memory of `make drift` as recorded predictions grow."""

from pathlib import Path

from benchmarks.document import Table, seconds
from benchmarks.growth import RESAMPLE
from benchmarks.measure import Command, run
from benchmarks.workspace import compose, project

RECORD = str(Path(__file__).with_name("record_predictions.py"))
ROWS = (10_000, 100_000, 1_000_000, 3_000_000)
TABLE_ROWS = 40_000  # of which a quarter is the test split that predictions are drawn from
MODEL = "model=logistic_regression"
BOUND_SECONDS, BOUND_MEBIBYTES = 120, 2048


def measure(work: Path) -> list[Table]:
    """Return time and peak memory by recorded rows."""
    folder = project(work, "drift")
    (folder / "inputs").mkdir()
    python = ("bin/python",)
    run(Command((*python, "-P", RESAMPLE, str(TABLE_ROWS), "inputs/wines.csv"), folder))
    onboard = ("-m", "onboarding.onboard", "inputs/wines.csv", "cultivar", "wines")
    run(Command((*python, *onboard), folder))
    compose(folder, "experiment=wines", MODEL)
    run(Command((*python, "-m", "dvc", "repro"), folder))
    store = folder / "data/predictions/recorded.jsonl"
    rows: list[tuple[str, ...]] = []
    for count in ROWS:
        run(Command((*python, RECORD, str(count), str(store)), folder))
        cost = run(Command((*python, "-m", "monitoring.drift"), folder))
        read = f"{store.stat().st_size / 2**20:,.0f} MiB"
        peak = f"{cost.peak / 2**20:,.0f} MiB"
        bounds = (f"{BOUND_SECONDS} s", f"{BOUND_MEBIBYTES:,} MiB")
        rows.append((f"{count:,}", read, *seconds(cost), bounds[0], peak, bounds[1]))
    header = ("recorded rows", "lines", "clock", "processor", "bound", "peak memory", "bound")
    return [Table(header, rows)]
