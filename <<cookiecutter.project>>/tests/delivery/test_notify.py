"""Who is told, and what is said where nobody could be."""

import pytest

from delivery.environments import Notify
from delivery.notify import tell

HOOK = "SLIPWAY_WEBHOOK"


def test_a_webhook_that_is_not_set_is_no_news(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(HOOK, raising=False)
    tell(Notify(webhook=HOOK), "something happened")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(HOOK, "hooks.slack.com/x")
    tell(Notify(webhook=HOOK), "something happened")
    assert "nobody was told: not a URL, https://…" in capsys.readouterr().err
