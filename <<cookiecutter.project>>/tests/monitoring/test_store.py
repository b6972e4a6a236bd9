"""What a store may hold besides good predictions: each is refused in a line, or counted."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
import yaml
from pyarrow import csv, parquet

from monitoring import drift, monitor, recorded, simulate
from monitoring.watched import digest
from project import parquet_batches, table_stream
from project.settings.source import FileSource
from serving.recording import _digest

from ..conftest import Once

pytestmark = pytest.mark.usefixtures("without_evidently")
Make = Callable[..., Path]
Call = Callable[..., int]
Refused = Callable[..., str]
Verdicts = Callable[[], list[dict[str, Any]]]
STORE = Path("data/predictions")
LINES = STORE / "a.jsonl"

HUGE = 300 * 2**20
READ_HUGE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (200 * 2**20, 200 * 2**20))
from monitoring.lines import lines
print([line and len(line) for line in lines(Path(sys.argv[1]))])
"""


def change(**values: Any) -> None:
    """Set keys of every recorded line."""
    records = [orjson.loads(line) | values for line in LINES.read_bytes().splitlines()]
    LINES.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))


def retype() -> None:
    """Record a number as a text."""
    records = [orjson.loads(line) for line in LINES.read_bytes().splitlines()]
    for record in records:
        for row in record["inputs"]:
            row["age"] = "old"
    LINES.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))


# what becomes of the store, and the line that refuses it
TOMORROW = datetime.now(UTC) + timedelta(days=1)
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no folder": (lambda: LINES.rename("elsewhere") and STORE.rmdir(), f"{STORE}: no predictions"),
    "no file": (LINES.unlink, f"{STORE}: no predictions are recorded there; make serve, or"),
    "an empty file": (lambda: LINES.write_bytes(b""), f"{STORE}: no predictions are recorded"),
    "no prediction": (
        lambda: LINES.write_bytes(b"{}\n[1]\nhello\n"),
        f"{STORE}: none of its 3 lines is a prediction that was recorded; docs/service.md",
    ),
    "a clock that was ahead": (
        lambda: change(time=TOMORROW.isoformat()),
        f"{STORE}: all of its 400 rows are dated after now: a clock is wrong",
    ),
    "a clock that went back": (
        lambda: (
            Path("reports/drift").mkdir(),
            Path("reports/drift/20990101T000000Z.json").touch(),
        ),
        "reports/drift/20990101T000000Z.json: made after now, ",
    ),
    "a column of another type": (
        retype,
        f"{LINES}, line 1: column age: expected a number, found 'old'",
    ),
}
# a table, and the line that refuses it
TABLES = {
    "a text for a number": (
        "size,age,new,colour\n1,2,true,r\n1,old,true,r\n",
        "wrong.csv: row 2, column age: expected a number, found 'old'",
    ),
    "labels": (
        "request_id,label\na,yes\n",
        "wrong.csv: column size is missing; it has request_id, label: labels, which make labels",
    ),
    "no rows": ("size,age,new,colour\n", "wrong.csv: a header and no rows"),
    "a text that has no end": (
        f"size,age,new,colour\n1,2,true,{'r' * (20 * 2**20)}\n",
        "wrong.csv: not a CSV file",
    ),
}


@pytest.fixture
def project(made: Make, call: Call, once: Once) -> Path:
    """Return a project with 400 recorded predictions, 20 in a request."""
    folder = made()
    once("recorded", lambda: call(simulate.main, DRIFT="none", ROWS=400, OUT=LINES))
    return folder


@pytest.mark.parametrize(("spoil", "line"), WRONG.values(), ids=WRONG)
def test_a_store_that_holds_nothing_to_judge_is_refused_in_one_line(
    spoil: Callable[[], Any], line: str, project: Path, refused: Refused
) -> None:
    spoil()

    assert refused(drift.main).startswith(line)


@pytest.mark.parametrize(("text", "line"), TABLES.values(), ids=TABLES)
def test_a_table_with_another_type_is_refused_in_one_line(
    text: str, line: str, project: Path, refused: Refused
) -> None:
    (project / "wrong.csv").write_text(text)

    assert refused(drift.main, CURRENT="wrong.csv").startswith(line)


# what make is told, and the line that refuses it
WORDS: dict[str, tuple[Callable[[], None], dict[str, str], str]] = {
    "no span of time": (
        drift.main,
        {"SINCE": "yesterday"},
        "SINCE: expected a span of time, such as 30m, 12h or 7d, got yesterday",
    ),
    "nothing there": (
        drift.main,
        {"CURRENT": "nowhere.csv"},
        "CURRENT: nowhere.csv: no such file or folder",
    ),
    "another drift": (
        monitor.main,
        {"DRIFT": "sift"},
        "DRIFT: 'sift' is no drift; type: make monitor [DRIFT=",
    ),
    "no drift": (simulate.main, {}, "DRIFT: none is given; type: make simulate DRIFT="),
    "no rows": (monitor.main, {"ROWS": "0"}, "ROWS: expected a whole number above 0, got 0"),
    "no service": (
        simulate.main,
        {"DRIFT": "none", "URL": "http://127.0.0.1:1"},
        "URL: http://127.0.0.1:1: [Errno 111] Connection refused; is it there? type: make serve",
    ),
    "labels of bare rows": (
        simulate.main,
        {"DRIFT": "none", "OUT": "new/rows.csv", "LABELS": "new/labels.csv"},
        "LABELS: bare rows have no request",
    ),
}


@pytest.mark.parametrize(("main", "words", "line"), WORDS.values(), ids=WORDS)
def test_words_that_make_no_sense_are_refused(
    main: Callable[[], None],
    words: dict[str, str],
    line: str,
    project: Path,
    refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)

    assert refused(main, **words).startswith(line)


def test_lines_that_are_cut_short_or_another_models_or_from_the_future_are_counted(
    project: Path, call: Call, verdicts: Verdicts
) -> None:
    whole = LINES.read_bytes()
    first = orjson.loads(whole.splitlines()[0])
    other = orjson.dumps(first | {"model": "sha256:0"}) + b"\n"
    ahead = orjson.dumps(first | {"time": TOMORROW.isoformat()}) + b"\n"
    wrong = orjson.dumps(first | {"inputs": [{"age": "old"}] * 20}) + b"\n"
    LINES.write_bytes(other + ahead + wrong + whole + whole[:100])

    assert call(drift.main) == 0

    rows = verdicts()[-1]["rows"]
    assert rows["used"] == 400
    assert rows["other_models"] == rows["ahead"] == 20
    assert rows["unreadable"] == 2


def test_the_order_of_lines_is_of_no_account(project: Path, call: Call, verdicts: Verdicts) -> None:
    call(drift.main)
    LINES.write_bytes(b"".join(reversed(LINES.read_bytes().splitlines(keepends=True))))
    Path("reports/drift").rename("before")

    assert call(drift.main) == 0

    (before,) = Path("before").glob("*.json")
    first, second = orjson.loads(before.read_bytes()), verdicts()[-1]
    assert [first[key] for key in ("columns", "rows", "window")] == [
        second[key] for key in ("columns", "rows", "window")
    ]


def test_too_little_is_said_without_evidently(
    project: Path, call: Call, verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evidently", None)  # importing it now fails
    change(model="sha256:0")
    with LINES.open("ab") as file:
        file.write(b"")

    assert call(drift.main) == 4

    verdict = verdicts()[-1]
    assert (verdict["verdict"], verdict["exit_code"]) == ("too_little", 4)
    assert verdict["reasons"] == [
        "too little data to say: 0 rows, expected at least 15; 400 are of other models"
    ]
    assert verdict["columns"] == []
    assert 'verdict="too_little"} 1.0' in Path("reports/drift/drift.prom").read_text()


def test_one_row_of_another_model_is_told_as_one(
    project: Path, call: Call, verdicts: Verdicts
) -> None:
    change(model="sha256:0")
    record = orjson.loads(LINES.read_bytes().splitlines()[0])
    one = {key: value[:1] if isinstance(value, list) else value for key, value in record.items()}
    LINES.write_bytes(orjson.dumps(one) + b"\n")

    assert call(drift.main) == 4

    assert verdicts()[-1]["reasons"][0].endswith("at least 15; 1 is of another model")


def test_a_window_leaves_out_what_is_older(project: Path, call: Call, verdicts: Verdicts) -> None:
    assert call(drift.main, SINCE="2d") == 0

    rows = verdicts()[-1]["rows"]["used"]
    assert rows == pytest.approx(400 * 2 / 7, abs=40)


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(HUGE)  # a sparse file: zeros
        file.seek(0, 2)
        file.write(b"\n{}\n")

    done = subprocess.run(
        [sys.executable, "-c", READ_HUGE, str(path)],
        env={"PYTHONPATH": str(Path(drift.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "[None, 3]\n", done.stderr


# texts of a column, and whether the file keeps each of them but once
LONG = {
    "each another": ([str(row) * 50_000 for row in range(100)], False),
    "one a hundred times": (["x" * 100_000] * 100, True),
    "few, and one missing": ([*["x" * 100_000, "y" * 100_000] * 49, None, "z"], True),
}


@pytest.mark.parametrize(("texts", "dictionary"), LONG.values(), ids=LONG)
def test_long_texts_of_a_table_come_in_small_batches(
    texts: list[str | None], dictionary: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_batches, "BATCH_BYTES", 2**20)
    path = tmp_path / "long.parquet"
    parquet.write_table(pa.table({"text": texts}), path, use_dictionary=dictionary)
    source = FileSource(kind="file", path="", delimiter=",", missing=[])

    batches = list(table_stream.open_table(path, source, []).batches)

    assert pa.concat_tables(batches).column("text").to_pylist() == texts
    assert max(batch.nbytes for batch in batches) < 2 * 2**20


def test_columns_of_a_table_keep_their_types_however_the_file_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "kinds.parquet"
    texts = pa.array(["a", "b", None, "a"])
    columns = {"plain": texts, "long": texts.cast(pa.large_string()), "bytes": [b"\xff"] * 4}
    columns |= {"categorical": texts.dictionary_encode(), "lists": [["x"], [], None, ["x"]]}
    parquet.write_table(pa.table(columns), path)

    (batch,) = table_stream.open_table(path, table_stream.PLAIN, []).batches

    kinds = {"plain": pa.string(), "long": pa.large_string(), "bytes": pa.binary()}
    kinds |= {"categorical": pa.string(), "lists": pa.list_(pa.field("element", pa.string()))}
    assert dict(zip(batch.column_names, batch.schema.types, strict=True)) == kinds
    assert batch.to_pydict() == pa.table(columns).to_pydict()


def test_a_file_that_the_service_removes_meanwhile_is_passed_over(
    project: Path, call: Call, verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "files_of", lambda path: [STORE / "0.jsonl", LINES])

    assert call(drift.main) == 0

    assert verdicts()[-1]["rows"]["used"] == 400


@pytest.mark.parametrize("answer", [None, "perhaps", ["yes"]], ids=str)
def test_an_answer_that_is_none_of_the_models_is_left_out_and_counted(
    answer: object, project: Path, call: Call, verdicts: Verdicts
) -> None:
    first, *rest = LINES.read_bytes().splitlines(keepends=True)
    record = orjson.loads(first)
    record["outputs"][0]["label"] = answer
    LINES.write_bytes(orjson.dumps(record) + b"\n" + b"".join(rest))

    assert call(drift.main) == 0

    rows = verdicts()[-1]["rows"]
    assert (rows["used"], rows["unreadable"]) == (380, 1)


def test_hashed_columns_are_compared_by_their_digests_and_those_left_out_are_named(
    made: Make, call: Call, verdicts: Verdicts
) -> None:
    made(hashed=["colour"], left_out=["new"])
    call(simulate.main, DRIFT="new-category", ROWS=400, OUT=LINES)
    assert b'"colour":"r"' not in LINES.read_bytes()

    assert call(drift.main) == 3

    verdict = verdicts()[-1]
    assert [one["name"] for one in verdict["columns"] if one["drifted"]] == ["colour"]
    assert verdict["left_out"] == ["new"]
    assert verdict["gone"] == []
    assert {one["name"] for one in verdict["columns"]} == {"size", "age", "colour"}


@pytest.mark.parametrize("value", ["r", 14, 14.0, 0.1, 14.199999809265137, 2**60, True, None])
def test_a_value_has_the_digest_that_the_service_gives_it(value: Any) -> None:
    assert digest(value) == _digest(value)


def test_rows_of_a_table_are_scored_by_the_model(
    project: Path, call: Call, verdicts: Verdicts
) -> None:
    call(simulate.main, DRIFT="shift", ROWS=400, OUT="rows.parquet")
    call(simulate.main, DRIFT="none", ROWS=400, OUT="rows.csv")

    assert call(drift.main, CURRENT="rows.csv") == 0
    assert call(drift.main, CURRENT="rows.parquet") == 3

    verdict = verdicts()[-1]
    assert verdict["prediction"]["drifted"]
    assert verdict["window"] == {"from": None, "to": None}


def test_a_table_is_read_as_the_projects_own_data_also_where_that_has_a_url(
    project: Path, call: Call
) -> None:
    call(simulate.main, DRIFT="none", ROWS=400, OUT="rows.csv")
    rows = Path("rows.csv").read_text(encoding="utf-8")
    Path("rows.csv").write_text(rows.replace(",", ";"), encoding="utf-8")
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params["source"] = {
        "kind": "http",
        "url": "https://example.org/houses.csv",
        "sha256": "unknown",
        "path": "src/pipeline/http_source.py",
        "delimiter": ";",
        "missing": [""],
    }
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")

    assert call(drift.main, CURRENT="rows.csv") == 0


def test_a_column_that_is_gone_is_drift_and_one_that_is_new_is_named(
    project: Path, call: Call, verdicts: Verdicts
) -> None:
    call(simulate.main, DRIFT="none", ROWS=400, OUT="rows.csv")
    table = csv.read_csv("rows.csv")
    csv.write_csv(table.drop_columns(["age"]).append_column("id", [range(400)]), "rows.csv")

    assert call(drift.main, CURRENT="rows.csv") == 3

    verdict = verdicts()[-1]
    assert verdict["reasons"] == ["column age is gone"]
    assert (verdict["gone"], verdict["appeared"]) == (["age"], ["id"])
    assert verdict["prediction"] is None  # the model cannot answer


def test_a_table_may_hold_what_was_answered(project: Path, call: Call, verdicts: Verdicts) -> None:
    call(simulate.main, DRIFT="none", ROWS=400, OUT="rows.csv")
    table = csv.read_csv("rows.csv")
    csv.write_csv(table.append_column("label", [["yes"] * 400]), "rows.csv")

    assert call(drift.main, CURRENT="rows.csv") == 3

    assert verdicts()[-1]["reasons"][0].startswith("the prediction has drifted")
