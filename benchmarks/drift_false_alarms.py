"""How often the gate speaks of drift where there is none: weeks drawn from one population."""

import json
import subprocess
from pathlib import Path

from benchmarks.document import Table
from benchmarks.measure import ENVIRONMENT, Command, run
from benchmarks.workspace import project

WEEKS_OF_A_MODEL = str(Path(__file__).with_name("weeks.py"))
WEEKS, MODELS = 200, 10
SIZES = ((150, 50), (150, 500), (1_000, 1_000), (5_000, 200), (5_000, 5_000))


def measure(work: Path) -> list[Table]:
    """Return the share of weeks that were said to have drifted, by size."""
    folder = project(work, "weeks", "model=logistic_regression")
    run(Command(("bin/python", "-m", "dvc", "repro", "prepare"), folder))
    rows = [_row(folder, *sizes) for sizes in SIZES]
    header = ("rows of the reference", "rows of a week", "false alarms", "of weeks", "share")
    return [Table((*header, "configured"), rows)]


def _row(folder: Path, reference: int, week: int) -> tuple[str, ...]:
    sizes = map(str, (MODELS, WEEKS, reference, week))
    command = ("bin/python", WEEKS_OF_A_MODEL, *sizes)
    alarms = sum(json.loads(subprocess.check_output(command, cwd=folder, env=ENVIRONMENT)))
    weeks = MODELS * WEEKS
    share = f"**{alarms / weeks:.2%}**"
    return (f"{reference:,}", f"{week:,}", f"{alarms}", f"{weeks:,}", share, "1%")
