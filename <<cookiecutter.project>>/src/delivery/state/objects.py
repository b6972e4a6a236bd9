"""Git's objects without a work tree or an index: read blobs, list folders, write commits.

Objects that no branch points to are invisible, and git clears them away in time: so a kill between
the first blob and the last step, which moves the branch, leaves nothing that anyone can see.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from project.errors import UserError

TIMEOUT = 120  # seconds for one command; a network that hangs must not hold up a deploy for ever
FILE, FOLDER = "100644 blob", "40000 tree"
ROOT = PurePosixPath()
SAID = {"blob": "file", "tree": "folder"}
#: What a folder has by a name, as git's mktree reads it: mode, kind and id.
Entries = dict[str, str]


class GitError(Exception):
    """A git command that failed, and what it said."""

    def __init__(self, command: str, output: str) -> None:
        super().__init__(f"git {command}: {complaint(output)}")
        self.output = output


@dataclass(frozen=True)
class Objects:
    """A repository's objects; `identity` is whose name commits carry, as git's variables."""

    folder: Path
    identity: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run git in this repository; raise `GitError` where it fails."""
        try:
            done = subprocess.run(
                self._command(*arguments),
                input=given,
                env=self._settings,
                capture_output=True,
                timeout=TIMEOUT,
            )
        except FileNotFoundError:
            raise UserError("git is not installed, and state is kept in git") from None
        except subprocess.TimeoutExpired:
            raise GitError(arguments[0], f"error: no answer within {TIMEOUT} s") from None
        if done.returncode:
            raise GitError(arguments[0], (done.stdout + done.stderr).decode(errors="replace"))
        return done.stdout

    def _command(self, *arguments: str) -> list[str]:
        return ["git", f"--git-dir={self.folder}", *arguments]

    @property
    def _settings(self) -> dict[str, str]:
        # LC_ALL: what git says of a lost race is told apart by its words.
        return {**os.environ, **self.identity, "LC_ALL": "C"}

    def text(self, *arguments: str, given: bytes = b"") -> str:
        """Run git and return what it printed."""
        return self.run(*arguments, given=given).decode().rstrip("\n")

    def ask(self, *arguments: str) -> str | None:
        """Run a git command that answers by failing: None where it does."""
        try:
            return self.text(*arguments)
        except GitError:
            return None

    def names(self, tree: str, folder: str) -> list[str]:
        """List what lies in a folder of a commit, in order; nothing where there is no folder."""
        listed = self.run("ls-tree", "-z", "--name-only", tree, f"{folder}/").decode()
        return [Path(name).name for name in listed.split("\0") if name]

    def ids(self, tree: str, paths: Iterable[str]) -> dict[str, str]:
        """Return the blobs of a commit's files by their paths, of those that are there."""
        listed = self.run("ls-tree", "-z", tree, "--", *paths).decode()
        lines = (line.partition("\t") for line in listed.split("\0") if line)
        return {path: entry.split()[2] for entry, _, path in lines}

    def read(self, tree: str, paths: Iterable[str]) -> list[bytes | None]:
        """Read files of a commit with one process; None for those that are not there."""
        wanted = [f"{tree}:{path}" for path in paths]
        return self.blobs(wanted)

    def blobs(self, names: list[str]) -> list[bytes | None]:
        """Read blobs by their ids, or whatever else git calls them."""
        return self._contents("blob", names)

    def _contents(self, kind: str, names: list[str]) -> list[bytes | None]:
        """Read objects of one kind with one process; None for those that are not there."""
        if not names:
            return []
        answer = self.run("cat-file", "--batch", given="\n".join([*names, ""]).encode())
        found: list[bytes | None] = []
        start = 0
        while start < len(answer):
            end = answer.index(b"\n", start)
            header, start = answer[start:end], end + 1
            if not re.fullmatch(rf"[0-9a-f]+ {kind} \d+".encode(), header):
                if not header.endswith(b" missing"):
                    said = header.decode(errors="replace")
                    raise UserError(f"expected a {SAID[kind]}, got {said}")
                found.append(None)
                continue
            size = int(header.rsplit(b" ", 1)[1])
            found.append(answer[start : start + size])
            start += size + 1
        return found

    def write(self, content: bytes) -> str:
        """Store a blob and return its id."""
        return self.text("hash-object", "-w", "--stdin", given=content)

    def commit(self, parent: str | None, files: Mapping[str, str], message: str) -> str:
        """Store a commit upon `parent` in which `files` (blob ids by path) are replaced."""
        tree = self._tree(parent, files)
        onto = ("-p", parent) if parent else ()
        return self.text("commit-tree", tree, *onto, given=message.encode())

    def _tree(self, commit: str | None, files: Mapping[str, str]) -> str:
        """Store a commit's folder with `files` replaced: only folders on their way are new."""
        paths = {PurePosixPath(path): blob for path, blob in files.items()}
        ways = {way for path in paths for way in path.parents} | {ROOT}
        folders = self._folders(commit, ways)
        for path, blob in paths.items():
            folders[path.parent][path.name] = f"{FILE} {blob}"
        with self._storing() as store:
            for way in sorted(ways - {ROOT}, key=lambda way: len(way.parts), reverse=True):
                folders[way.parent][way.name] = f"{FOLDER} {store(folders[way])}"
            return store(folders[ROOT])

    def _folders(
        self, commit: str | None, ways: Iterable[PurePosixPath]
    ) -> dict[PurePosixPath, Entries]:
        """Read folders of a commit with one process; those that are not there are empty."""
        if commit is None:
            return {way: {} for way in ways}
        ordered = list(ways)
        trees = self._contents("tree", [f"{commit}:{'/'.join(way.parts)}" for way in ordered])
        size = len(commit) // 2
        return {way: entries(tree or b"", size) for way, tree in zip(ordered, trees, strict=True)}

    @contextmanager
    def _storing(self) -> Iterator[Callable[[Entries], str]]:
        """Yield what stores a folder and returns its id; one process stores all of them."""
        pipe = subprocess.PIPE
        with subprocess.Popen(
            self._command("mktree", "-z", "--batch"),
            env=self._settings,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        ) as process:
            assert process.stdin
            assert process.stdout
            given, told = process.stdin, process.stdout

            def store(entries: Entries) -> str:
                lines = [f"{entry}\t{name}\0" for name, entry in entries.items()]
                try:
                    given.write("".join([*lines, "\0"]).encode(errors="surrogateescape"))
                    given.flush()
                    stored = told.readline().decode().strip()
                except BrokenPipeError:
                    stored = ""
                if not stored:  # it has ended
                    raise GitError("mktree", process.communicate()[1].decode(errors="replace"))
                return stored

            yield store
            process.communicate()


def entries(tree: bytes, size: int) -> Entries:
    """Read a folder as git stores it; size: of an id, in bytes."""
    found = {}
    while tree:
        head, _, rest = tree.partition(b"\0")
        mode, _, name = head.decode(errors="surrogateescape").partition(" ")
        kind = {"40000": "tree", "160000": "commit"}.get(mode, "blob")
        found[name] = f"{mode} {kind} {rest[:size].hex()}"
        tree = rest[size:]
    return found


def complaint(output: str) -> str:
    """Return what matters of git's words: the remote's own, else the first error."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    if any(said):
        return " ".join(filter(None, said))
    errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    chosen = (errors or [line for line in lines if line] or ["failed and said nothing"])[0]
    return re.sub(r"^(fatal|error): ", "", chosen)
