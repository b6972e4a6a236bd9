"""NAME=1 is on, and no other word is taken for it."""

import pytest

from project.errors import UserError
from project.switches import is_on


@pytest.mark.parametrize(("given", "on"), [("1", True), ("0", False), ("", False), (" 1 ", True)])
def test_a_switch_is_on_by_1(given: str, on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECT", given)
    assert is_on("DIRECT") is on


def test_what_is_not_given_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIRECT", raising=False)
    assert not is_on("DIRECT")


@pytest.mark.parametrize("given", ["false", "no", "yes", "2"])
def test_another_word_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECT", given)
    with pytest.raises(UserError, match=rf"^DIRECT={given}: expected DIRECT=1, or nothing$"):
        is_on("DIRECT")
