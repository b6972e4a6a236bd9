"""Drift is told once, in words: why, and which columns."""

from pathlib import Path
from typing import Any

import pytest

from automation import drift_alert
from project.artefacts import DRIFT
from project.errors import UserError
from project.files import write_json

COLUMN = {"name": "size", "test": "psi", "score": 0.4, "threshold": 0.2, "drifted": True}
VERDICT = {
    "verdict": "drift",
    "model": {"name": "toy"},
    "window": {"from": "Monday", "to": "Tuesday"},
    "reasons": ["size drifted"],
    "columns": [COLUMN, COLUMN | {"name": "age", "drifted": False}],
}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Keep what GitHub was asked to do; no issue is open yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETRAIN", "")
    made: list[tuple[str, Any]] = []

    def api(path: str, method: str = "GET", given: Any = None) -> Any:
        if method == "GET":
            told = [given for path, given in made if path == "issues"]
            return [{"number": 1, "html_url": "https://github.example/1"} for _ in told]
        made.append((path, given))
        return {"html_url": "https://github.example/1"}

    monkeypatch.setattr(drift_alert, "api", api)
    return made


def verdict(**other: Any) -> None:
    found = len(list(DRIFT.glob("*.json")))
    write_json(DRIFT / f"2026112{found}T000000Z.json", VERDICT | other)


def test_drift_opens_one_issue_and_adds_to_it(
    asked: list[tuple[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for _ in range(2):
        verdict()
        drift_alert.main()

    assert [path for path, _ in asked] == ["issues", "issues/1/comments"]
    assert summary.read_text().count("- size drifted") == 2
    opened = asked[0][1]
    assert (opened["title"], opened["labels"]) == ("Drift: toy", ["drift"])
    assert "- size drifted" in opened["body"]
    assert "| size | psi | 0.4 | 0.2 |" in opened["body"]
    assert "age" not in opened["body"]


@pytest.mark.parametrize("word", ["none", "too_little"])
def test_anything_else_opens_none(
    word: str, asked: list[tuple[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    verdict(verdict=word)

    drift_alert.main()

    assert asked == []
    assert capsys.readouterr().out == f"verdict={word}\nissue=\n"


def test_a_retraining_is_asked_for_where_that_is_wanted(
    asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRAIN", "true")
    verdict()

    drift_alert.main()

    path, event = asked[-1]
    assert (path, event["event_type"]) == ("dispatches", "drift-alert")
    assert event["client_payload"]["reasons"] == ["size drifted"]


def test_no_verdict_is_no_silence(asked: list[tuple[str, Any]]) -> None:
    with pytest.raises(UserError, match="no verdict; type: make drift"):
        drift_alert.main()
