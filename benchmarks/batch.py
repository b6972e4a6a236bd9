"""`make predict` against onnxruntime by hand, over the same Parquet file of a million rows."""

import subprocess
from pathlib import Path

from benchmarks.document import Table, seconds
from benchmarks.growth import RESAMPLE
from benchmarks.measure import ENVIRONMENT, Command, alternate, run
from benchmarks.workspace import compose, project

RAW = str(Path(__file__).with_name("raw_batch.py"))
ROWS = 1_000_000
TIMES = 4
MODEL = "model=random_forest"
BOUND, MEMORY_BOUND = 0.8, 1024  # of the speed by hand; MiB
TO_PARQUET = """
from pyarrow import csv, parquet
convert = csv.ConvertOptions(strings_can_be_null=True)
parquet.write_table(csv.read_csv("inputs/million.csv", convert_options=convert), "million.parquet")
"""


def measure(work: Path) -> list[Table]:
    """Return time and peak memory of both."""
    folder = project(work, "batch")
    (folder / "inputs").mkdir()
    for count, name in ((10_000, "wines"), (ROWS, "million")):
        run(Command(("bin/python", "-P", RESAMPLE, str(count), f"inputs/{name}.csv"), folder))
    onboard = ("-m", "onboarding.onboard", "inputs/wines.csv", "cultivar", "wines")
    run(Command(("bin/python", *onboard), folder))
    compose(folder, "experiment=wines", MODEL)
    run(Command(("bin/python", "-m", "dvc", "repro"), folder))
    subprocess.run(("bin/python", "-c", TO_PARQUET), cwd=folder, env=ENVIRONMENT, check=True)
    raw, ours = "`InferenceSession.run`", "`make predict`"
    costs = alternate(
        {
            raw: Command(("bin/python", RAW, "million.parquet", "raw.parquet"), folder),
            ours: Command(
                ("bin/python", "-m", "pipeline.predict", "million.parquet", "ours.parquet"), folder
            ),
        },
        TIMES,
    )
    rows: list[tuple[str, ...]] = []
    for name, cost in costs.items():
        ratios: tuple[str, ...] = ("1", "1", "")
        if name == ours:
            speed, work_ = costs[raw].wall / cost.wall, costs[raw].cpu / cost.cpu
            ratios = (f"**{speed:.2f}**", f"**{work_:.2f}**", f"{BOUND:g}")
        peak = f"{cost.peak / 2**20:,.0f} MiB"
        rows.append((name, *seconds(cost), *ratios, peak, f"{MEMORY_BOUND:,} MiB"))
    header = ("1,000,000 rows", "clock", "processor", "speed by clock", "speed by processor")
    return [Table((*header, "bound", "peak memory", "bound"), rows)]
