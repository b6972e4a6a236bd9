"""What is told while a process is started is heard once it is known."""

import signal
from collections.abc import Iterator

import pytest

from project.ending import leave_when_told, told_afterwards


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the signals back to whom they were."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def starting(number: signal.Signals, started: list[str]) -> None:
    with told_afterwards():
        signal.raise_signal(number)
        started.append("server")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_started_is_known_before_we_end(number: signal.Signals) -> None:
    leave_when_told()
    started: list[str] = []

    with pytest.raises(SystemExit) as ended:
        starting(number, started)

    assert ended.value.code == 128 + number
    assert started == ["server"]


def test_told_nothing_it_goes_on() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with told_afterwards():
        pass

    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_waits_too() -> None:
    started: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        starting(signal.SIGINT, started)

    assert started == ["server"]
