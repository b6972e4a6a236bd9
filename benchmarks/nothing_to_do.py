"""`dvc repro` with nothing to do, against `dvc status` of a pipeline without stages."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.document import COLUMNS, Table, comparison, plain
from benchmarks.measure import Command, alternate, run
from benchmarks.workspace import dvc, project, repro

BOUND = 1.5
TIMES = 6


def measure(work: Path) -> list[Table]:
    """Return the comparison, and what the difference consists of as far as it is known."""
    wine = project(work, "idle", "model=random_forest")
    digits = project(work, "idle-digits", "dataset=digits", "model=random_forest")
    for folder in (wine, digits):
        run(repro(folder))
    python = str(wine / ".venv" / "bin" / "python")
    costs = alternate(
        {
            "empty": Command(
                (*dvc(wine), "status"), _empty_pipeline(wine, work / "empty-pipeline")
            ),
            "wine": repro(wine),
            "digits": repro(digits),
            "start": Command((python, "-c", "pass"), wine),
            "networkx": Command((python, "-c", "import networkx"), wine),
        },
        TIMES,
    )
    empty, graph = costs["empty"], costs["networkx"].cpu - costs["start"].cpu
    rest = costs["wine"].cpu - empty.cpu - graph
    return [
        Table(
            COLUMNS,
            [
                plain("`dvc status`, no stages", empty),
                comparison("`dvc repro`, wine, 13 columns", costs["wine"], empty, BOUND),
                comparison("`dvc repro`, digits, 64 columns", costs["digits"], empty, None),
            ],
        ),
        Table(
            ("What the difference for wine is", "processor"),
            [
                ("importing networkx, which DVC does where there is a stage", f"{graph:.2f} s"),
                (
                    "reading dvc.yaml, dvc.lock and params.yaml, looking at each file",
                    f"{rest:.2f} s",
                ),
            ],
        ),
    ]


def _empty_pipeline(like: Path, folder: Path) -> Path:
    (folder / ".dvc").mkdir(parents=True)
    shutil.copy(like / ".dvc" / "config", folder / ".dvc")
    (folder / "dvc.yaml").write_text("stages: {}\n")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder
