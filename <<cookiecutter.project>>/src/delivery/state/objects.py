"""Git's objects without a work tree or an index: read blobs, list folders, write commits.

Objects that no branch points to are invisible, and git clears them away in time: so a kill between
the first blob and the last step, which moves the branch, leaves nothing that anyone can see.
"""

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from delivery.state.git_error import GitError
from delivery.state.reader import Found, Reader
from project.errors import UserError

TIMEOUT = 120  # seconds for one command; a network that hangs must not hold up a deploy for ever
FILE, FOLDER = "100644 blob", "40000 tree"
ROOT = PurePosixPath()
SAID = {"blob": "file", "tree": "folder"}
#: What a folder has by a name, as git's mktree reads it: mode, kind and id.
Entries = dict[str, str]


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

    @cached_property
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

    def commit_of(self, name: str) -> str | None:
        """Return the commit that a branch leads to; None where there is no such branch."""
        found = self._reader.read([f"{name}^{{commit}}"])[0]
        return found.id if found else None

    def names(self, commit: str, folder: str) -> dict[str, str]:
        """Return what lies in a folder of a commit, in order, by name: each one's id.

        Nothing where there is no such folder.
        """
        found = self._folder(commit, PurePosixPath(folder))
        return {name: entry.split()[2] for name, entry in found.items()}

    def ids(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """Return the blobs of a commit's files by their paths, of those that are there."""
        found = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            if blob := self.names(commit, folder).get(name):
                found[path] = blob
        return found

    def read(self, commit: str, paths: Iterable[str]) -> list[bytes | None]:
        """Read files of a commit; None for those that are not there."""
        return self.blobs(f"{commit}:{path}" for path in paths)

    def blobs(self, names: Iterable[str]) -> list[bytes | None]:
        """Read blobs by their ids, or whatever else git calls them."""
        return [found.content if found else None for found in self._found("blob", names)]

    def _found(self, kind: str, names: Iterable[str]) -> list[Found | None]:
        """Read objects of one kind; None for those that are not there."""
        found = self._reader.read(names)
        for each in filter(None, found):
            if each.kind != kind:
                raise UserError(f"expected a {SAID[kind]}, got {each.kind} {each.id}")
        return found

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._command("cat-file", "--batch"), self._settings)

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
        folders = {way: self._folder(commit, way) if commit else {} for way in ways}
        for path, blob in paths.items():
            folders[path.parent][path.name] = f"{FILE} {blob}"
        with self._storing() as store:
            for way in sorted(ways - {ROOT}, key=lambda way: len(way.parts), reverse=True):
                folders[way.parent][way.name] = f"{FOLDER} {store(folders[way])}"
            return store(folders[ROOT])

    def _folder(self, commit: str, way: PurePosixPath) -> Entries:
        """Read a folder of a commit; empty where there is none.

        It is sought from the root on, for of `commit:folder` git says that it is missing as well
        where an object on the way is.
        """
        found = self._entries(f"{commit}^{{tree}}")
        for part in way.parts:
            kind, _, tree = found.get(part, "").rpartition(" ")
            if kind != FOLDER:
                return {}
            found = self._entries(tree)
        return found

    def _entries(self, tree: str) -> Entries:
        found = self._found("tree", [tree])[0]
        if found is None:
            raise GitError("cat-file", f"fatal: {tree}: missing")
        return entries(found.content, len(found.id) // 2)

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
