"""What the project has decided to live with has a reason."""

from pathlib import Path

import pytest

from automation.dependencies import IGNORED, ignored, why
from project.errors import UserError

REFUSED = (
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='osv', port=443): Max retries "
    "exceeded with url: / (Caused by NewConnectionError(\"HTTPSConnection(host='osv', port=443): "
    'Failed to establish a new connection: [Errno 111] Connection refused"))'
)
SAID = {
    REFUSED: "Connection refused; try again with a network",
    "requests.exceptions.ConnectTimeout: HTTPSConnectionPool(…)": "ConnectTimeout; try again",
    "ERROR: pip-audit: invalid requirements": "ERROR: pip-audit: invalid requirements",
    "": "no reason",
}


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


@pytest.mark.parametrize("said", SAID)
def test_why_it_could_not_ask_is_short(said: str) -> None:
    assert why(said).startswith(SAID[said])
    assert "Pool" not in why(said)
