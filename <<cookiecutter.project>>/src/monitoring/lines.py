"""Lines of a file, none of them longer than a bound: what is longer is passed over unread."""

from collections.abc import Iterator
from pathlib import Path

#: A request is at most serving.max_bytes, 4 MiB as a rule, and its answer not much longer.
MAX_LINE_BYTES = 32 * 2**20


def lines(path: Path, bound: int = MAX_LINE_BYTES) -> Iterator[bytes | None]:
    """Yield the lines of a file; None for one that is longer than the bound, or has no end.

    A line without its line break was being written when a process died, or is being written now.
    """
    try:
        file = path.open("rb", buffering=2**20)
    except FileNotFoundError:
        return  # the service has removed its oldest since they were listed
    with file:
        while line := file.readline(bound):
            if line.endswith(b"\n"):
                yield line
                continue
            while (rest := file.readline(2**20)) and not rest.endswith(b"\n"):
                pass  # the rest of a line that is too long
            yield None
