"""A table of numbers, booleans and categories, some of them missing, and its packaged model."""

import random
import shutil
from pathlib import Path

from filelock import FileLock

from tests.projects import generate_with_environment, make

#: What is trained, once it is onboarded.
CHOICES = ("experiment=customers", "model=logistic_regression")
#: What a test can wait for; and any port that is free.
SERVING = ("serving.port=0", "serving.timeout_seconds=1.0", "serving.drain_seconds=1.0")


def write_customers(path: Path) -> Path:
    """Write 400 rows; whether one bought depends on all three columns."""
    random.seed(7)
    rows: list[list[object]] = []
    for _ in range(400):
        age, city, member = random.randint(18, 80), random.choice("ABCD"), random.random() < 0.5
        bought = age / 80 + (city == "A") + 0.6 * member + random.gauss(0, 0.2) > 1.1
        rows.append([age, city, "yes" if member else "no", "yes" if bought else "no"])
    for row in random.sample(rows, 60):
        row[random.randrange(3)] = ""
    header: list[object] = ["Age (years)", "Città", "member", "end"]
    lines = [",".join(str(value) for value in row) for row in [header, *rows]]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def package_customers(template: Path, shared: Path) -> Path:
    """Return a project that has packaged a model of the table; run it once only."""
    folder = shared / "customers"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            project = generate_with_environment(template, folder)
            table = write_customers(project / "inputs" / "customers.csv")
            onboard = ("onboard", f"DATA={table}", "TARGET=end")
            for arguments in (onboard, ("repro", *CHOICES, *SERVING)):
                done = make(project, *arguments)
                assert done.returncode == 0, done.stdout + done.stderr
            (folder / "done").touch()
    return folder / "wine-model"
