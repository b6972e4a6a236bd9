"""Git's objects by their names, all from one process: to start git takes longer than to ask it."""

import re
import select
import subprocess
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from delivery.state.git_error import GitError
from project.errors import UserError

HEADER = re.compile(rb"([0-9a-f]+) ([a-z]+) (\d+)\n")


@dataclass(frozen=True)
class Found:
    """An object, whatever name it was asked for by."""

    id: str
    kind: str
    content: bytes


@dataclass
class Reader:
    """`git cat-file --batch`, which is started when something is read and ends with the reader."""

    command: list[str]
    environment: Mapping[str, str]
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def read(self, names: Iterable[str]) -> list[Found | None]:
        """Return objects in the order of their names, None for those that are not there.

        Raises `GitError` where git cannot read, such as a damaged object.
        """
        found: list[Found | None] = []
        for portion in _portions(names):
            process = self._process = self._process or self._started()
            try:
                found += _answers(process, portion)
            except (EOFError, BrokenPipeError):
                self._process = None
                said = process.communicate()[1].decode(errors="replace")
                raise GitError("cat-file", said) from None
            except BaseException:
                self._process = None  # answers are left in it that nobody has read
                raise
        return found

    def _started(self) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                self.command, env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe
            )
        except FileNotFoundError:
            raise UserError("git is not installed, and state is kept in git") from None
        weakref.finalize(self, _end, process)
        return process


def _portions(names: Iterable[str]) -> Iterator[list[bytes]]:
    """Cut names into lines of as many bytes as a pipe takes while nobody reads the answers."""
    portion: list[bytes] = []
    size = 0
    for name in names:
        line = f"{name}\n".encode()
        if portion and size + len(line) > select.PIPE_BUF:
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line)
    if portion:
        yield portion


def _answers(process: "subprocess.Popen[bytes]", lines: list[bytes]) -> Iterator[Found | None]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"".join(lines))
    process.stdin.flush()
    for _ in lines:
        header = process.stdout.readline()
        if header.endswith(b" missing\n"):
            yield None
            continue
        known = HEADER.fullmatch(header)
        if not known:
            raise EOFError(header)
        size = int(known[3])
        content = process.stdout.read(size + 1)
        if len(content) <= size:
            raise EOFError(header)
        yield Found(known[1].decode(), known[2].decode(), content[:-1])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipes, at which git ends, and wait for it."""
    with process:
        pass
