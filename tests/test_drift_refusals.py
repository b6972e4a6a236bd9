"""What a store, a table or a file of labels holds that is wrong, by make: a line, and no file."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import contents, run
from tests.projects import make

#: Peak memory of a check, and what a column or a line holds meanwhile, in bytes.
MOST, TEXT = 2**30, 2 * 2**30
PEAK = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""
WRITE_LONG = f"""
import pyarrow as pa
from pyarrow import parquet
rows = parquet.read_table("data/split/test.parquet").replace_schema_metadata(None)
rows = pa.concat_tables([rows] * ({TEXT} // 2**20 // rows.num_rows + 1))
text = pa.array([0] * rows.num_rows, pa.int32())
text = pa.DictionaryArray.from_arrays(text, pa.array(["x" * 2**20]))
parquet.write_table(rows.append_column("note", text), "long.parquet")
"""
STORE = Path("data/predictions")
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with 400 recorded predictions, and what they turned out to be."""
    project = tmp_path_factory.mktemp("recorded") / "made"
    shutil.copytree(packaged, project, symlinks=True)
    shutil.rmtree(project / STORE, ignore_errors=True)
    words = ("DRIFT=none", "ROWS=400", f"OUT={STORE}/a.jsonl", "LABELS=labels.csv")
    done = make(project, "simulate", *words)
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    """Return a copy, to be spoilt."""
    return Path(shutil.copytree(recorded, tmp_path / "made", symlinks=True))


def lines(project: Path) -> Lines:
    """Read what is recorded."""
    text = (project / STORE / "a.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def write(project: Path, records: Lines, more: str = "") -> None:
    """Record other lines instead; more: what a crash has left."""
    text = "".join(f"{json.dumps(record)}\n" for record in records)
    (project / STORE / "a.jsonl").write_text(text + more, encoding="utf-8")


def dated_ahead(project: Path) -> None:
    """Have a clock of the service be a day ahead."""
    time = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    write(project, [record | {"time": time} for record in lines(project)])


def of_another_type(project: Path) -> None:
    """Record texts for numbers."""
    records = lines(project)
    for record in records:
        for row in record["inputs"]:
            row["age_years"] = "old"
    write(project, records)


def judged_tomorrow(project: Path) -> None:
    """Have this machine's clock go back by a day."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    (project / "reports/drift").mkdir()
    (project / f"reports/drift/{tomorrow:%Y%m%dT%H%M%SZ}.json").touch()


def labels(*more: str) -> Callable[[Path], None]:
    """Return a function that adds lines to the labels; {0} is a request's id."""

    def add(project: Path) -> None:
        request = lines(project)[0]["request_id"]
        header, *rows = (project / "labels.csv").read_text().splitlines()
        text = "\n".join([header, *rows[:1], *more]).format(request)
        (project / "labels.csv").write_text(text)

    return add


# what is spoilt, what is typed, and how the line begins
WRONG: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "an empty store": (
        lambda project: (project / STORE / "a.jsonl").unlink(),
        "drift",
        f"{STORE}: no predictions are recorded there; make serve, or",
    ),
    "an empty store, and labels": (
        lambda project: (project / STORE / "a.jsonl").unlink(),
        "labels FILE=labels.csv",
        f"{STORE}: no predictions are recorded there; make serve, or",
    ),
    "nothing but half a line": (
        lambda project: write(project, [], '{"time": "2026-'),
        "drift",
        f"{STORE}: none of its 1 lines is a prediction",
    ),
    "a clock that was ahead": (dated_ahead, "drift", f"{STORE}: all of its 400 rows are dated"),
    "a clock that went back": (judged_tomorrow, "drift", "reports/drift/2"),
    "a column of another type": (
        of_another_type,
        "drift",
        f"{STORE}/a.jsonl, line 1: column age_years: expected a number, found 'old'",
    ),
    "a table of another type": (
        lambda project: (project / "rows.csv").write_text("age_years,citta\n1,A\nold,B\n"),
        "drift CURRENT=rows.csv",
        "rows.csv: row 2, column age_years: expected a number, found 'old'",
    ),
    "a text without an end": (
        lambda project: (project / "rows.csv").write_text(f"age_years,citta\n1,{'A' * 2**25}\n"),
        "drift CURRENT=rows.csv",
        "rows.csv: not a CSV file",
    ),
    "a label without a prediction": (
        labels("nobody,0,no"),
        "labels FILE=labels.csv",
        "labels.csv: row 2: no prediction is recorded for request nobody, record 0",
    ),
    "two labels": (
        labels("{0},1,no", "{0},1,yes"),
        "labels FILE=labels.csv",
        "labels.csv: row 3: request simulated-",
    ),
    "a label that is a book": (
        labels("{0},1," + "x" * 2**22),
        "labels FILE=labels.csv",
        "labels.csv: row 2: label: expected one of no, yes, found 'xxx",
    ),
}


@pytest.mark.parametrize(("spoil", "words", "line"), WRONG.values(), ids=WRONG)
def test_it_is_refused_in_one_line_and_nothing_is_written(
    spoil: Callable[[Path], Any], words: str, line: str, project: Path
) -> None:
    spoil(project)
    before = contents(project / "data"), contents(project / "reports")

    done = make(project, *words.split())

    assert done.returncode == 2
    assert done.stdout == ""
    said, makes = done.stderr.splitlines()
    assert said.startswith(f"error: {line}")
    assert len(said) < 400
    assert makes.endswith(" Error 1")
    assert (contents(project / "data"), contents(project / "reports")) == before


def drift(project: Path, **words: str) -> tuple[int, str, Any]:
    """Look for drift as a scheduler does; return the exit code, what was said and the verdict."""
    done = run(["bin/python", "-m", "monitoring.drift"], project, words)
    (path,) = (project / "reports/drift").glob("*.json")
    return done.returncode, done.stdout, json.loads(path.read_text())


def test_the_good_rows_of_a_file_that_a_crash_has_cut_are_judged(project: Path) -> None:
    write(project, lines(project), json.dumps(lines(project)[0])[:80])

    code, _, verdict = drift(project)

    assert code == 0
    assert (verdict["rows"]["used"], verdict["rows"]["unreadable"]) == (400, 1)


def test_another_models_predictions_are_left_out_and_alone_too_little(project: Path) -> None:
    write(project, [record | {"model": "sha256:0"} for record in lines(project)])

    code, said, verdict = drift(project)

    assert code == 4
    assert "0 rows, expected at least 15; 400 are of other models" in said
    assert verdict["exit_code"] == 4


def test_gigabytes_of_text_in_a_column_or_a_line_take_little_memory(project: Path) -> None:
    made = run(["bin/python", "-c", WRITE_LONG], project)
    assert made.returncode == 0, made.stderr
    with (project / STORE / "b.jsonl").open("wb") as file:
        file.truncate(TEXT)  # zeros, which no disk holds

    for current in ("long.parquet", str(STORE)):
        command = ["bin/python", "-c", PEAK, "bin/python", "-m", "monitoring.drift"]
        done = run(command, project, {"CURRENT": current})

        assert done.returncode == 0, done.stderr
        assert int(done.stdout.splitlines()[-1]) < MOST
