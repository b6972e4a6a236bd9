"""Labels find their predictions, and tell what the model is worth in the field."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from monitoring import drift, labels, simulate
from project.artefacts import LABELS
from project.files import sha256

from ..conftest import Once

Make = Callable[..., Path]
Call = Callable[..., int]
Refused = Callable[..., str]
Verdicts = Callable[[], list[dict[str, Any]]]
FILE = "labels.csv"

# what is written into the file of labels, and the line that refuses it
WRONG = {
    "no column of labels": ("request_id\na\n", "column label is missing; it has request_id"),
    "no rows": ("request_id,label\n", "a header and no rows"),
    "a label that the model does not know": (
        "request_id,record,label\nR,0,perhaps\n",
        "row 1: label: expected one of no, yes, found 'perhaps'",
    ),
    "no label": ("request_id,record,label\nR,0,\n", "row 1: label: expected one of no, yes"),
    "no request": ("request_id,record,label\n,0,yes\n", "row 1: request_id is missing"),
    "a request id that is a book": (
        f"request_id,record,label\n{'x' * 129},0,yes\n",
        "row 1: request_id: expected at most 128 characters, found 129",
    ),
    "a label that is a book": (
        f"request_id,record,label\nR,0,{'x' * 10_000}\n",
        f"row 1: label: expected one of no, yes, found '{'x' * 59}",
    ),
    "a record of many digits": (
        f"request_id,record,label\nR,{'9' * 5000},yes\n",
        "row 1: expected record to be 0 or more",
    ),
    "no record": ("request_id,record,label\nR,first,yes\n", "row 1: expected record to be 0 or"),
    "a request of several records": (
        "request_id,label\nR,yes\n",
        "row 1: request R has 20 records: add a column record, from 0",
    ),
    "a label without a prediction": (
        "request_id,record,label\nR,0,yes\nnobody,0,no\nR,20,no\n",
        "row 2: no prediction is recorded for request nobody, record 0, nor for 1 more of 3 rows; "
        "labels.max_unknown in conf/monitoring.yaml bounds their share",
    ),
    "the one label without a prediction": (
        "request_id,record,label\nnobody,0,no\n",
        "row 1: no prediction is recorded for request nobody, record 0; labels.max_unknown in",
    ),
    "two labels": (
        "request_id,record,label\nR,0,yes\nR,1,no\nR,0,no\n",
        "row 3: request R, record 0 is 'no', and 'yes' in row 1; keep one of them",
    ),
}


@pytest.fixture
def project(made: Make, call: Call, once: Once) -> Path:
    """Return a project whose predictions are recorded, and whose labels have come in a file."""
    folder, lines = made(), "data/predictions/a.jsonl"
    once("labelled", lambda: call(simulate.main, DRIFT="none", ROWS=400, OUT=lines, LABELS=FILE))
    return folder


@pytest.mark.parametrize(("text", "line"), WRONG.values(), ids=WRONG)
def test_what_is_no_label_is_refused_in_one_line(
    text: str, line: str, project: Path, refused: Refused
) -> None:
    request = csv.read_csv(FILE).column("request_id")[0].as_py()
    (project / "wrong.csv").write_text(text.replace("R,", f"{request},"))

    said = refused(labels.main, FILE="wrong.csv")

    assert said.startswith("wrong.csv: " + line.replace("request R", f"request {request}"))
    assert len(said) < 300


LISTS = pa.array([["yes"]])


@pytest.mark.parametrize("name", ["request_id", "record", "label"])
def test_a_column_of_lists_is_refused_in_one_line(
    name: str, project: Path, refused: Refused
) -> None:
    columns = {"request_id": ["a"], "record": [0], "label": ["yes"]}
    parquet.write_table(pa.table({**columns, name: LISTS}), "wrong.parquet")

    assert refused(labels.main, FILE="wrong.parquet") == (
        f"wrong.parquet: column {name}: expected single values, found list<element: string>"
    )


def test_a_number_that_is_labelled_by_another_type_is_refused_in_one_line(
    made: Make, call: Call, refused: Refused
) -> None:
    made("regression")
    call(simulate.main, DRIFT="none", ROWS=20, OUT="data/predictions/a.jsonl")
    parquet.write_table(pa.table({"request_id": ["a"], "label": [True]}), "wrong.parquet")

    assert refused(labels.main, FILE="wrong.parquet") == (
        "wrong.parquet: column label: expected a number, found bool"
    )


# what became of the labels that were kept, and the line that refuses them
SPOILT = {
    "of another data set": (
        lambda: parquet.write_table(
            pa.table({"request_id": ["a"], "record": [0], "label": [1.5]}), LABELS
        ),
        f"{LABELS}: its labels are numbers, and the model answers classes; move it away",
    ),
    "cut short": (
        lambda: LABELS.write_bytes(LABELS.read_bytes()[:100]),
        f"{LABELS}: not a Parquet file, or cut short (",
    ),
}


@pytest.mark.parametrize(("spoil", "line"), SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("command", [drift.main, labels.main], ids=["drift", "labels"])
def test_labels_kept_before_that_are_no_labels_of_the_models_are_refused(
    spoil: Callable[[], object],
    line: str,
    command: Callable[[], None],
    project: Path,
    call: Call,
    refused: Refused,
) -> None:
    call(labels.main, FILE=FILE)
    spoil()

    assert refused(command, FILE=FILE).startswith(line)


def test_a_folder_of_labels_is_kept_whole_or_not_at_all(
    project: Path, call: Call, refused: Refused
) -> None:
    header, *rows = (project / FILE).read_text().splitlines()
    folder, store = project / "claim/labels/new", project / "claim"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("\n".join([header, *rows[:100]]))
    (folder / "b.csv").write_text(f"{header}\nnobody,0,no\n")
    (folder / ".c.csv.part").touch()  # as what is hidden is passed over
    (project / "data/predictions/a.jsonl").rename(store / "a.jsonl")

    said = refused(labels.main, FILE=folder, CURRENT=store)

    assert said.startswith(f"{folder}/b.csv: row 1: no prediction is")
    assert not LABELS.exists()
    (folder / "b.csv").write_text("\n".join([header, *rows[100:]]))

    assert call(labels.main, FILE=folder, CURRENT=store) == 0
    assert parquet.read_table(LABELS).num_rows == 400


def test_labels_that_were_kept_are_contradicted_by_no_oversight(
    project: Path, call: Call, refused: Refused
) -> None:
    call(labels.main, FILE=FILE)
    request = csv.read_csv(FILE).column("request_id")[0].as_py()
    first = csv.read_csv(FILE).column("label")[0].as_py()
    other = "no" if first == "yes" else "yes"
    (project / "new.csv").write_text(f"request_id,record,label\n{request},0,{other}\n")

    assert refused(labels.main, FILE="new.csv") == (
        f"new.csv: row 1: request {request}, record 0 is {other!r}, and {first!r} in what "
        "was kept before; REPLACE=1 takes the new one"
    )

    assert call(labels.main, FILE="new.csv", REPLACE=1) == 0
    kept = parquet.read_table(LABELS).to_pylist()
    assert {"request_id": request, "record": 0, "label": other} in kept
    assert len(kept) == 400


def test_the_same_file_twice_changes_nothing_and_few_unknown_labels_are_left_out(
    project: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / FILE).read_text()
    (project / FILE).write_text(text + '"nobody",0,"yes"\n')
    assert call(labels.main, FILE=FILE) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "400 labels more, 400 in all: data/labels/labels.parquet; "
        "1 name no recorded prediction and were left out"
    )
    before = sha256(LABELS)

    assert call(labels.main, FILE=FILE) == 0

    assert sha256(LABELS) == before
    # Nor where the service has removed what was labelled, and recorded more.
    call(simulate.main, DRIFT="none", ROWS=20, OUT="data/predictions/a.jsonl", LABELS="new.csv")
    (project / FILE).write_text(text)
    assert call(labels.main, FILE=FILE) == 0
    assert sha256(LABELS) == before
    assert [field.type for field in parquet.read_schema(LABELS)] == [
        pa.string(),
        pa.int64(),
        pa.string(),
    ]


@pytest.mark.usefixtures("without_evidently")
def test_quality_in_the_field_is_held_against_what_it_was(
    project: Path, call: Call, verdicts: Verdicts
) -> None:
    call(labels.main, FILE=FILE)

    assert call(drift.main) == 0

    quality = verdicts()[-1]["quality"]
    assert quality["labelled"] == 400
    rows = {row["name"]: row for row in quality["metrics"]}
    assert rows["accuracy"]["current"] == pytest.approx(rows["accuracy"]["offline"], abs=0.05)
    assert rows["balanced_accuracy"]["floor"] == 0.75
    assert all(row["kept"] for row in rows.values())
    assert sum(period["rows"] for period in quality["over_time"]) == 400
    assert len(quality["over_time"]) in (7, 8)  # days


@pytest.mark.usefixtures("without_evidently")
def test_a_prediction_that_is_no_number_has_no_quality_and_takes_none_from_others(
    made: Make, call: Call, verdicts: Verdicts
) -> None:
    made("regression")
    call(simulate.main, DRIFT="none", ROWS=300, OUT="data/predictions/a.jsonl", LABELS=FILE)
    call(labels.main, FILE=FILE)
    lines = Path("data/predictions/a.jsonl")
    records = [orjson.loads(line) for line in lines.read_bytes().splitlines()]
    records[0]["outputs"][0]["prediction"] = None
    lines.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))

    assert call(drift.main) == 0

    quality = verdicts()[-1]["quality"]
    assert quality["labelled"] == 299
    assert all(row["current"] is not None for row in quality["metrics"])


@pytest.mark.usefixtures("without_evidently")
def test_a_model_below_its_floor_is_a_reason(project: Path, call: Call, verdicts: Verdicts) -> None:
    table = csv.read_csv(FILE)
    worse = pa.array(["yes"] * 200 + table.column("label").to_pylist()[200:])
    csv.write_csv(table.set_column(2, "label", worse), FILE)
    call(labels.main, FILE=FILE)

    assert call(drift.main) == 3

    verdict = verdicts()[-1]
    (reason,) = verdict["reasons"]
    assert reason.startswith("balanced_accuracy is 0.6")
    assert reason.endswith(" on labelled rows, must be at least 0.75")
    text = Path("reports/drift/drift.prom").read_text()
    assert 'metric="balanced_accuracy"' in text
    assert any(
        line.startswith('model_quality_kept{environment="local",metric="balanced_accuracy"')
        and line.endswith(" 0.0")
        for line in text.splitlines()
    )


@pytest.mark.usefixtures("without_evidently")
def test_a_number_is_labelled_by_numbers(made: Make, call: Call, verdicts: Verdicts) -> None:
    made("regression")
    call(simulate.main, DRIFT="none", ROWS=300, OUT="data/predictions/a.jsonl", LABELS=FILE)
    call(labels.main, FILE=FILE)

    assert call(drift.main) == 0

    verdict = verdicts()[-1]
    assert verdict["prediction"]["kind"] == "number"
    assert {row["name"]: row["kept"] for row in verdict["quality"]["metrics"]} == {
        "rmse": True,
        "mae": True,
        "r2": True,
    }
