"""What the project has decided to live with has a reason."""

from pathlib import Path

import pytest

from automation.dependencies import IGNORED, ignored
from project.errors import UserError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    IGNORED.parent.mkdir()


def test_nothing_is_ignored_by_default() -> None:
    assert ignored() == []


def test_a_vulnerability_with_a_reason_is_passed_over() -> None:
    IGNORED.write_text("# ours\nPYSEC-2026-1  # needs a server that we do not run\n\n")

    assert ignored() == ["PYSEC-2026-1"]


def test_one_without_a_reason_is_refused() -> None:
    IGNORED.write_text("PYSEC-2026-1\n")

    with pytest.raises(
        UserError, match=r"vulnerabilities.txt:1: PYSEC-2026-1: expected `id  # why`"
    ):
        ignored()
