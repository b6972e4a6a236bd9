"""A table of numbers, booleans and categories, some of them missing."""

import random
from pathlib import Path


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
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
