"""Time and memory of each stage as rows grow, up to a million of fifteen columns."""

from pathlib import Path

from benchmarks.document import Table
from benchmarks.measure import Command, Cost, run
from benchmarks.workspace import compose, project

# Run by the project's Python, which has NumPy and pyarrow.
RESAMPLE = str(Path(__file__).with_name("resample.py"))
ROWS = (178, 1_780, 17_800, 178_000, 1_000_000)
STAGES = ("fetch", "validate", "prepare", "train", "export", "evaluate", "package")
BOUND = 1024  # MiB, at the most rows
BOUNDED = ("fetch", "validate", "prepare", "evaluate")
# Fitted on a part of the rows: what is measured are the stages, not how long a forest takes.
MODEL = ("model=random_forest", "model.n_estimators=10", "+model.max_samples=10000")


def measure(work: Path) -> list[Table]:
    """Return time and peak memory by stage and number of rows."""
    folder = project(work, "growth")
    by_rows = {rows: _stages(folder, rows) for rows in ROWS}
    header = ("", *(f"{rows:,}" for rows in ROWS))
    clock = [
        (stage, *(f"{costs[stage].wall:.1f} s" for costs in by_rows.values())) for stage in STAGES
    ]
    memory = [
        (stage, *(f"{_mebibytes(costs[stage]):,.0f}" for costs in by_rows.values()), _bound(stage))
        for stage in STAGES
    ]
    return [
        Table(("clock, by rows", *header[1:]), clock),
        Table(("peak MiB, by rows", *header[1:], "bound"), memory),
    ]


def _stages(folder: Path, rows: int) -> dict[str, Cost]:
    """Describe a table of so many rows to the project as its user would, and run each stage."""
    name, file = f"wine_{rows}", f"inputs/wine_{rows}.csv"
    (folder / "inputs").mkdir(exist_ok=True)
    for command in (
        ("-P", RESAMPLE, str(rows), file),
        ("-m", "onboarding.onboard", file, "cultivar", name),
    ):
        run(Command(("bin/python", *command), folder))
    compose(folder, f"experiment={name}", *MODEL)
    return {
        stage: run(Command(("bin/python", "-m", f"pipeline.{stage}"), folder)) for stage in STAGES
    }


def _mebibytes(cost: Cost) -> float:
    return cost.peak / 2**20


def _bound(stage: str) -> str:
    return f"{BOUND:,}" if stage in BOUNDED else ""
