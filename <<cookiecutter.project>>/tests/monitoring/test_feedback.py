import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from monitoring.feedback import labelled, main
from project.artefacts import FEEDBACK
from project.settings.dataset import Dataset
from project.settings.group import build
from project.tables import read_table, write_table

DATASET = {
    "name": "houses",
    "title": "Houses",
    "task": "classification",
    "target": {"name": "sold", "classes": ["no", "yes"]},
    "columns": {"size": {"type": "number"}, "new": {"type": "boolean"}},
}
GOOD = {"size": 2, "new": True}


def labels(*rows: tuple[str, int, str]) -> pa.Table:
    requests, records, found = zip(*rows, strict=True)
    return pa.table({"request_id": requests, "record": records, "label": found})


def write_requests(folder: Path, **requests: list[Any]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    written = [json.dumps({"request_id": name, "inputs": each}) for name, each in requests.items()]
    (folder / "x.jsonl").write_text("\n".join([*written, '{"request_id": "cut']))
    return [folder / "x.jsonl"]


def joined(files: list[Path], table: pa.Table, before: pa.Table | None = None) -> Any:
    return labelled(table, files, build(Dataset, DATASET), before)


def test_each_labelled_record_becomes_a_row_in_the_order_of_its_key(folder: Path) -> None:
    files = write_requests(folder, b=[GOOD, GOOD | {"size": None}], a=[GOOD], unlabelled=[GOOD])
    table, unfit = joined(files, labels(("b", 1, "no"), ("a", 0, "yes"), ("gone", 0, "yes")))
    assert unfit == 0
    assert table.to_pylist() == [
        {"_request_id": "a", "_record": 0, "size": 2.0, "new": True, "sold": "yes"},
        {"_request_id": "b", "_record": 1, "size": None, "new": True, "sold": "no"},
    ]


UNFIT = [{"size": 2}, GOOD | {"age": 1}, GOOD | {"size": True}, GOOD | {"new": 1}, "no record"]


@pytest.mark.parametrize("record", UNFIT, ids=map(str, UNFIT))
def test_a_record_of_other_columns_or_types_is_left_out_and_counted(
    folder: Path, record: Any
) -> None:
    files = write_requests(folder, a=[record], b=[GOOD])
    table, unfit = joined(files, labels(("a", 0, "yes"), ("b", 0, "yes")))
    assert (table.num_rows, unfit) == (1, 1)


def test_what_is_recorded_no_more_stays_and_a_mended_label_replaces(folder: Path) -> None:
    files = write_requests(folder, a=[GOOD])
    before, _ = joined(files, labels(("a", 0, "yes")))
    files = write_requests(folder, b=[GOOD])
    after, _ = joined(files, labels(("a", 0, "yes"), ("b", 0, "no")), before)
    assert after.column("_request_id").to_pylist() == ["a", "b"]
    files = write_requests(folder, a=[GOOD])
    mended, _ = joined(files, labels(("a", 0, "no")), after)
    assert mended.column("sold").to_pylist() == ["no", "no"]


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes the settings, and what main reads."""

    def make(**recording: list[str]) -> Path:
        root = Path(__file__).parents[2]
        config = yaml.safe_load((root / "tests/conf/config.yaml").read_text(encoding="utf-8"))
        config["serving"]["recording"] |= recording
        params = {"serving": config["serving"], "dataset": DATASET}
        Path("params.yaml").write_text(yaml.safe_dump(params))
        write_requests(folder / "recorded", a=[GOOD])
        write_table(Path("labels.parquet"), labels(("a", 0, "yes")))
        monkeypatch.setattr(sys, "argv", ["feedback", "labels.parquet", "recorded"])
        return folder

    return make


def test_the_same_labels_give_the_same_bytes(project: Callable[..., Path]) -> None:
    project()
    main()
    first = FEEDBACK.read_bytes()
    FEEDBACK.unlink()
    main()
    assert FEEDBACK.read_bytes() == first
    written = FEEDBACK.stat().st_mtime_ns
    main()
    assert FEEDBACK.stat().st_mtime_ns == written
    assert read_table(FEEDBACK).num_rows == 1


def test_before_any_label_it_says_so(
    project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project()
    Path("labels.parquet").unlink()
    main()
    assert "no labels have come: make labels" in capsys.readouterr().out
    assert not FEEDBACK.exists()


@pytest.mark.parametrize("hidden", ["hashed", "left_out"])
def test_predictions_recorded_without_a_column_are_refused(
    project: Callable[..., Path], refusal: Callable[..., str], hidden: str
) -> None:
    project(**{hidden: ["size"]})
    assert "retrain.labelled: size is hashed or left out" in refusal(main)
