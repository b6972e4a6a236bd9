"""Predictions on disk: complete, private where asked, and never in a request's way."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serving import recording, rotation
from serving.bundle import Bundle
from serving.recording import Record, Recorder
from serving.rotation import RotatingFile

RECORD = {"size": 3.0, "age": 4, "new": True, "colour": "g"}
Serve = Callable[..., Any]


def read(folder: Path) -> list[dict[str, Any]]:
    """Read what was recorded, in order."""
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def test_every_answer_is_recorded_as_it_was_given(
    serve: Serve, bundle: Callable[..., Bundle], tmp_path: Path
) -> None:
    client = serve(recordings=tmp_path)
    pretty = json.dumps(RECORD, indent=2).replace("\n", "\r\n")
    first = client.post("/predict", content=pretty, headers={"x-request-id": "mine"})
    second = client.post("/predict", json=[RECORD, RECORD | {"age": None}])
    client.post("/predict", json={"size": "wrong"})
    client.close()

    lines = read(tmp_path)

    assert [line["request_id"] for line in lines] == ["mine", second.headers["x-request-id"]]
    assert [line["inputs"] for line in lines] == [[RECORD], [RECORD, RECORD | {"age": None}]]
    assert [line["outputs"] for line in lines] == [
        first.json()["predictions"],
        second.json()["predictions"],
    ]
    assert {line["model"] for line in lines} == {bundle().digest}
    assert abs(datetime.fromisoformat(lines[0]["time"]).timestamp() - time.time()) < 60


def test_times_are_written_to_the_microsecond(
    bundle: Callable[..., Bundle], tmp_path: Path
) -> None:
    times = [1.7e9, 1.7e9 + 0.000001, 1.7e9 + 0.9999999, 1.7e9 + 3.25, 1.7e9 + 2]
    recorder = Recorder(bundle(), tmp_path, lambda records: None)
    for moment in times:
        recorder.put(Record(moment, b'an "id"', b"{}", b"[]"), 4)
    recorder.close()

    assert [line["time"] for line in read(tmp_path)] == [
        datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds") for moment in times
    ]


def test_tensors_are_recorded_as_records(serve: Serve, tmp_path: Path) -> None:
    client = serve(recordings=tmp_path)
    tensors = [
        {"name": name, "datatype": "BYTES", "shape": [2, 1], "data": [value, None]}
        if name == "colour"
        else {"name": name, "datatype": "FP32", "shape": [2, 1], "data": [float(value), None]}
        for name, value in RECORD.items()
    ]
    answer = client.post("/v2/models/houses/infer", json={"inputs": tensors}).json()
    client.close()

    (line,) = read(tmp_path)

    assert line["inputs"] == [RECORD, dict.fromkeys(RECORD)]
    assert [one["label"] for one in line["outputs"]] == answer["outputs"][0]["data"]


def test_columns_are_hashed_or_left_out(serve: Serve, tmp_path: Path) -> None:
    settings = {"max_file_bytes": 4096, "max_file_seconds": 60, "max_files": 9}
    client = serve(
        recordings=tmp_path, recording=settings | {"hashed": ["colour"], "left_out": ["age"]}
    )
    client.post("/predict", json=[RECORD, RECORD | {"colour": None}])
    client.close()

    (line,) = read(tmp_path)

    digest = hashlib.sha256(b'"g"').hexdigest()[:16]
    assert line["inputs"] == [
        {"size": 3.0, "new": True, "colour": digest},
        {"size": 3.0, "new": True, "colour": None},
    ]


def test_equal_numbers_have_one_digest_however_they_came(serve: Serve, tmp_path: Path) -> None:
    settings = {"max_file_bytes": 4096, "max_file_seconds": 60, "max_files": 9}
    hashed = {"hashed": ["size", "age"], "left_out": ["new", "colour"]}
    client = serve(recordings=tmp_path, recording=settings | hashed)
    for body in ('"size": 14, "age": 0.1', '"size": 14.0, "age": 1e-1'):
        client.post("/predict", content=f'{{{body}, "new": null, "colour": null}}')
    tensors = [
        {"name": name, "datatype": kind, "shape": [1, 1], "data": [value]}
        for name, kind, value in (
            ("size", "FP32", 14),
            ("age", "FP32", 0.1),
            ("new", "FP32", None),
            ("colour", "BYTES", None),
        )
    ]
    client.post("/v2/models/houses/infer", json={"inputs": tensors})
    client.close()

    first, *others = [line["inputs"] for line in read(tmp_path)]

    assert others == [first, first]
    assert first[0]["size"] != first[0]["age"]


def test_a_disk_that_does_not_sync_ends_no_recording(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def broken(descriptor: int) -> None:
        failed.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(rotation, "SYNC_SECONDS", 0.0)
    monkeypatch.setattr(os, "fsync", broken)
    client = serve(recordings=tmp_path)
    client.post("/predict", json=RECORD)
    assert failed.wait(5)
    monkeypatch.undo()

    client.post("/predict", json=RECORD)
    client.close()

    assert len(read(tmp_path)) == 2


def test_what_cannot_be_written_is_dropped_and_counted(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    client = serve(recordings=tmp_path / "file")

    answer = client.post("/predict", json=RECORD)
    client.close()

    assert answer.status_code == 200
    assert "model_records_dropped_total{" in (metrics := client.get("/metrics").text)
    assert next(
        line for line in metrics.splitlines() if line.startswith("model_records_dropped_total")
    ).endswith(" 1.0")


def test_what_waits_is_bounded(
    bundle: Callable[..., Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MAX_WAITING", 3)
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 60)
    dropped: list[int] = []
    recorder = Recorder(bundle(), tmp_path, dropped.append)
    for number in range(5):
        recorder.put(Record(time.time(), b"%d" % number, b"{}", b"[]"), 4)
    recorder.close()

    assert [line["request_id"] for line in read(tmp_path)] == ["0", "1", "2"]
    assert dropped == [1, 1]


def test_files_end_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, max_bytes=100, max_seconds=60, max_files=3)
    for number in range(20):
        file.write(b'{"number": %2d}\n' % number * 2)
    file.close()

    sizes = [path.stat().st_size for path in sorted(tmp_path.iterdir())]

    assert sizes == [90, 90, 60]
    assert [line["number"] for line in read(tmp_path)][-2:] == [19, 19]


def test_files_end_by_age(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, max_bytes=100, max_seconds=0.01, max_files=3)
    for number in range(2):
        file.write(b'{"number": %d}\n' % number)
        time.sleep(0.02)
        file.keep()

    assert len(list(tmp_path.iterdir())) == 2


def test_two_processes_never_share_a_file(tmp_path: Path) -> None:
    for number in range(2):
        file = RotatingFile(tmp_path, max_bytes=100, max_seconds=60, max_files=3)
        file.write(b'{"number": %d}\n' % number)

    assert len(list(tmp_path.iterdir())) == 2


def test_after_a_write_that_failed_a_new_file_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RotatingFile(tmp_path, max_bytes=100, max_seconds=60, max_files=3)
    write = os.write

    def half(descriptor: int, lines: bytes) -> int:
        if len(lines) < 10:
            raise OSError(28, "No space left on device")
        return write(descriptor, lines[: len(lines) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space left"):
        file.write(b'{"number": 1}\n')
    monkeypatch.undo()
    file.write(b'{"number": 2}\n')

    broken, whole = sorted(tmp_path.iterdir())
    assert broken.read_bytes() == b'{"numbe'
    assert whole.read_bytes() == b'{"number": 2}\n'
