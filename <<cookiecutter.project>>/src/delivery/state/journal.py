"""What each commit of the branch did to one model, as git has it."""

from collections.abc import Iterator
from dataclasses import dataclass

from delivery.environments import NAMES
from delivery.state.objects import Objects
from delivery.state.record import HISTORY

#: Parents first; the work of a pull request is in its own commits, not in the merge.
LOG = ("log", "--reverse", "--topo-order", "--raw", "--no-abbrev", "--no-renames")
FORMAT = "%x01%H%x00%an <%ae>%x00%cn <%ce>%x00%cs%x00%(trailers:only,unfold)%x00"


@dataclass(frozen=True)
class Touched:
    """A file that a commit added (A), changed (M) or removed (D), and its blob thereafter."""

    status: str
    blob: str
    path: str

    @property
    def folder(self) -> str:
        """The environment and model, as `<env>/<model>`."""
        return "/".join(self.path.split("/")[:2])

    @property
    def is_record(self) -> bool:
        """Whether this is a record, rather than a file of the state."""
        return self.path.split("/")[2] == HISTORY

    @property
    def is_new_record(self) -> bool:
        """Whether this is a record that the commit has added."""
        return self.is_record and self.status == "A"


@dataclass(frozen=True)
class Entry:
    """A commit: who made it when, what it says of its record, and what it touched."""

    commit: str
    author: str
    committer: str
    day: str
    trailers: dict[str, str]
    touched: list[Touched]

    @property
    def short(self) -> str:
        """The commit as people see it."""
        return f"commit {self.commit[:10]} of {self.author}, {self.day}"


def journal(objects: Objects, tip: str, model: str) -> Iterator[Entry]:
    """Read what commits did to a model, environment by environment, the oldest first."""
    for environment in NAMES:
        # One folder at a time: for several git does not use its filters, and opens each commit.
        log = objects.text(*LOG, f"--format={FORMAT}", tip, "--", f"{environment}/{model}")
        for text in log.split("\1")[1:]:
            commit, author, committer, day, said, raw = text.split("\0", 5)
            trailers = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
            touched = [_touched(line) for line in raw.splitlines() if line.startswith(":")]
            yield Entry(commit, author, committer, day, trailers, touched)


def _touched(line: str) -> Touched:
    facts, _, path = line.partition("\t")
    _, _, _, blob, status = facts.split()
    return Touched(status, blob, path)
