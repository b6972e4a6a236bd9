"""What nothing in the code can mend is one line, too, which says no more than is known."""

import errno
from collections.abc import Callable
from urllib.error import URLError

import pytest

NO_SPACE = (errno.ENOSPC, "No space left on device")
LINES = {
    "error: a.json: No space left on device": OSError(*NO_SPACE, "a.json"),
    "error: writing: No space left on device": OSError(*NO_SPACE),
    "error: <urlopen error refused>": URLError("refused"),
    "error: Couldn't read the footer": OSError("Couldn't read\nthe footer"),
}


@pytest.mark.parametrize("line", LINES)
def test_an_error_of_the_machine_is_one_line(line: str, refusal: Callable[..., str]) -> None:
    def main() -> None:
        raise LINES[line]

    assert refusal(main) == line
