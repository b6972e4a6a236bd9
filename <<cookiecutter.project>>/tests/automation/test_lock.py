"""A commit whose dvc.lock is of other files is told from git alone, without any data."""

import copy
from pathlib import Path
from typing import Any

import pytest

from automation.lock import disagreeing, stale
from project.dvc_lock import folder_md5
from project.git import git

RAW = {"data/raw/a.parquet": "1", "data/raw/b.json": "2"}
STAGES: dict[str, Any] = {
    "fetch": {
        "deps": [{"path": "rows.csv", "md5": "0"}],
        "outs": [{"path": path, "md5": md5} for path, md5 in RAW.items()],
    },
    "train": {
        "deps": [
            {"path": "data/raw", "md5": folder_md5({"a.parquet": "1", "b.json": "2"})},
            {"path": "data/raw/a.parquet", "md5": "1"},
            {"path": "src/train.py", "md5": "3"},
        ],
        "outs": [{"path": "models/model.onnx", "md5": "4"}],
    },
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    Path(".gitignore").write_text("/data/\n/models/\n/reports/plots/\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"changed outs": {"data/raw/a.parquet": "not in cache"}},
        {"changed deps": {"data/raw": "deleted", "models/model.onnx": "deleted"}},
        {"changed outs": {"reports/plots": "not in cache"}},
        {"changed deps": {"/mnt/rows.csv": "deleted"}},
    ],
)
def test_what_git_does_not_keep_may_be_missing(changes: dict[str, Any]) -> None:
    assert list(stale({"train": [changes]})) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"changed deps": {"src/train.py": "modified"}}, "changed deps: src/train.py: modified"),
        ({"changed deps": {"src/train.py": "deleted"}}, "changed deps: src/train.py: deleted"),
        ({"changed deps": {"data/raw": "modified"}}, "changed deps: data/raw: modified"),
        ({"changed outs": {"reports/metrics.json": "deleted"}}, "reports/metrics.json: deleted"),
        ({"changed deps": {"params.yaml": {"seed": "modified"}}}, "params.yaml: seed modified"),
        ("changed command", "changed command"),
    ],
)
def test_what_a_stage_did_not_run_with_is_named(change: Any, why: str) -> None:
    (found,) = stale({"train": [change]})

    assert found.startswith("train: ")
    assert found.endswith(why)


def test_digests_that_agree_are_those_of_one_run() -> None:
    assert list(disagreeing(STAGES)) == []


@pytest.mark.parametrize(
    ("place", "path"), [(0, "data/raw"), (1, "data/raw/a.parquet")], ids=["folder", "file"]
)
def test_a_stage_that_was_not_run_after_the_one_before_it_is_named(place: int, path: str) -> None:
    stages = copy.deepcopy(STAGES)
    stages["train"]["deps"][place]["md5"] = "of before"

    assert list(disagreeing(stages)) == [f"train: ran on another {path} than is there now"]


def test_data_that_dvc_tracks_is_what_the_first_stage_read() -> None:
    Path("rows.csv.dvc").write_text("outs:\n- md5: 'new'\n  path: rows.csv\n")

    assert list(disagreeing(STAGES)) == ["fetch: ran on another rows.csv than is there now"]
