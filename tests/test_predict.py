"""`make predict` scores a file as the service would, or says in one line what is wrong with it."""

import csv
import json
import os
import pty
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.projects import make

HEADER = "id,Age (years),Città,member"
#: Files that are refused, and what is said of them.
WRONG = {
    "a column is missing": (
        "id,Age (years),member\n1,2,yes\n",
        "column citta is missing; it has id, age_years, member",
    ),
    "a text for a number": (
        f"{HEADER}\n1,2,A,yes\n2,old,A,yes\n",
        "row 2, column age_years: expected a number, found 'old'",
    ),
    "an infinite number": (
        f"{HEADER}\n1,inf,A,yes\n",
        "row 1, column age_years: expected a number, found inf",
    ),
    "a text for a boolean": (
        f"{HEADER}\n1,2,A,yes\n2,3,A,perhaps\n",
        "row 2, column member: expected a boolean, found 'perhaps'",
    ),
    "a column twice": (f"{HEADER},id\n1,2,A,yes,3\n", "column 'id' stands twice in the header"),
    "a line too long": (f"{HEADER}\n1,2,A,yes,3\n", "line 2 has 5 fields, the header has 4 fields"),
    "labels": (
        "request_id,label\n1,yes\n",
        "is missing; it has request_id, label: labels, which make labels FILE=… takes",
    ),
    "no rows": (f"{HEADER}\n", "a header and no rows; expected at least one row"),
    "nothing": ("", "the file is empty; expected a header and rows"),
    "no text": ("\x00\x01", "not a CSV file: it holds bytes that are not text"),
}
TO_PARQUET = """
import sys
from pyarrow import csv, parquet
convert = csv.ConvertOptions(strings_can_be_null=True)
parquet.write_table(csv.read_csv(sys.argv[1], convert_options=convert), sys.argv[2])
"""
READ_PARQUET = """
import sys, json
from pyarrow import parquet
print(json.dumps(parquet.read_table(sys.argv[1]).to_pylist()))
"""
#: A table whose ids are long: held as a whole, they alone would be its rows times ID_BYTES.
WRITE_ROWS = """
import sys
import pyarrow as pa
from pyarrow import csv, parquet
rows, path = int(sys.argv[1]), sys.argv[2]
table = pa.table({
    "id": [f"{row:0200}" for row in range(rows)],
    "Age (years)": [18.0 + row % 60 for row in range(rows)],
    "Città": ["ABCD"[row % 4] for row in range(rows)],
    "member": ["yes" if row % 2 else "no" for row in range(rows)],
})
(csv.write_csv if path.endswith(".csv") else parquet.write_table)(table, path)
"""
#: Of each kind, the rows of a small and of a large file.
ROWS = {"parquet": (500_000, 2_000_000), "csv": (100_000, 400_000)}
ID_BYTES = 200
# Not getrusage: that counts what the process was forked from. Arrow reads 32 blocks of a CSV ahead:
# with small ones, that is little beside a file which takes seconds.
PEAK = """
from pathlib import Path
from project import table_stream
from pipeline.predict import main
table_stream.BLOCK_BYTES = 2**18
main()
status = Path("/proc/self/status").read_text().splitlines()
print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.fixture
def project(packaged: Path, tmp_path: Path) -> Path:
    """Copy the project, since the tests write into it."""
    return Path(shutil.copytree(packaged, tmp_path / "copied", symlinks=True))


def python(project: Path, code: str, *arguments: str) -> str:
    command = [str(project / "bin/python"), "-c", code, *arguments]
    return subprocess.check_output(command, cwd=project, text=True)


def scored(project: Path, *arguments: str) -> Any:
    done = make(project, "predict", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " rows in " in done.stdout
    return Path(done.stdout.strip().rpartition(" s: ")[2])


def golden_file(project: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write the golden rows as a user would have them; return them with what is expected."""
    known = json.loads((project / "reports/golden.json").read_text())
    path = project / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        for number, row in enumerate(known["inputs"]):
            member = {True: " Yes", False: "no", None: "NA"}[row["member"]]
            writer.writerow([f"a{number}", row["age_years"], row["citta"], member])
    return path, known["outputs"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_it_answers_as_evaluate_did(project: Path, kind: str) -> None:
    path, expected = golden_file(project)
    if kind == "parquet":
        path.write_text(path.read_text().replace(" Yes", "yes").replace(",NA", ","))
        python(project, TO_PARQUET, "rows.csv", "rows.parquet")
    out = scored(project, f"FILE=rows.{kind}", "OUT=out/scored.parquet")

    rows = json.loads(python(project, READ_PARQUET, str(out)))

    assert [row["id"] for row in rows] == [f"a{number}" for number in range(len(expected))]
    assert list(rows[0]) == ["id", "label", "probability_no", "probability_yes"]
    for row, one in zip(rows, expected, strict=True):
        shares = {name: row[f"probability_{name}"] for name in ("no", "yes")}
        assert row["label"] == one["label"]
        assert shares == pytest.approx(one["probabilities"], abs=1e-4)


def test_it_answers_in_the_kind_of_the_file(project: Path) -> None:
    path, expected = golden_file(project)
    path.write_text(path.read_text().replace(" Yes", "yes").replace(",NA", ","))
    python(project, TO_PARQUET, "rows.csv", "table.parquet")

    assert str(scored(project, "FILE=table.parquet")) == "table.predictions.parquet"
    out = scored(project, f"FILE={path.name}")

    assert str(out) == "rows.predictions.csv"
    with (project / out).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [one["label"] for one in expected]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_in_one_line(project: Path, case: str) -> None:
    text, expected = WRONG[case]
    (project / "wrong.csv").write_text(text, encoding="utf-8")

    done = make(project, "predict", "FILE=wrong.csv")

    line = done.stderr.splitlines()[0]
    assert done.returncode == 2
    assert line.startswith("error: wrong.csv: ")
    assert expected in line
    assert not (project / "wrong.predictions.csv").exists()


def test_a_mistake_late_in_a_long_file_is_named_by_its_row(project: Path) -> None:
    rows = ["1,2,A,yes"] * 300_000
    rows[250_000] = "1,2,A,maybe"
    (project / "long.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")

    done = make(project, "predict", "FILE=long.csv")

    assert "row 250,001, column member: expected a boolean, found 'maybe'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "FILE is missing; type: make predict FILE=rows.csv [OUT=scored.csv]"),
        (["FILE=no.csv"], "no.csv: no such file; expected a CSV or Parquet file"),
        (["FILE=README.md"], "README.md: neither .csv nor .parquet"),
        (["FILE=rows.csv", "OUT=scored.json"], "OUT: scored.json: neither .csv nor .parquet"),
        (["FILE=rows.csv", "OUT=rows.csv"], "OUT: rows.csv is FILE itself; name another"),
    ],
)
def test_wrong_names_are_refused(project: Path, arguments: list[str], expected: str) -> None:
    golden_file(project)

    done = make(project, "predict", *arguments)

    assert done.returncode == 2
    assert f"error: {expected}" in done.stderr


def test_a_terminal_is_shown_how_many_rows_are_scored(project: Path) -> None:
    python(project, WRITE_ROWS, "70000", "rows.parquet")
    ours, terminal = pty.openpty()
    command = ["bin/python", "-m", "pipeline.predict", "rows.parquet"]

    done = subprocess.run(command, cwd=project, stderr=terminal, stdout=subprocess.PIPE)
    shown = os.read(ours, 100_000).decode()
    os.close(terminal)
    os.close(ours)

    assert done.returncode == 0
    assert "rows.parquet" in shown
    assert "70000/70000" in shown


@pytest.mark.parametrize("kind", ROWS)
def test_memory_does_not_grow_with_the_file(project: Path, kind: str) -> None:
    few, many = ROWS[kind]
    peaks = []
    for rows in (few, many):
        python(project, WRITE_ROWS, str(rows), f"rows.{kind}")
        said = python(project, PEAK, f"rows.{kind}")
        assert f"{rows:,} rows in " in said
        peaks.append(int(said.split()[-1]) * 1024)

    assert peaks[1] - peaks[0] < (many - few) * ID_BYTES / 3


def test_without_a_package_it_says_what_to_type(project: Path) -> None:
    golden_file(project)
    shutil.rmtree(project / "dist")

    done = make(project, "predict", "FILE=rows.csv")

    assert (
        "error: dist/bento is not there: no model was packaged yet; type: make repro" in done.stderr
    )
