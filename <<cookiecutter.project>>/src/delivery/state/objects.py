"""Git's objects without a work tree or an index: read blobs, list folders, write commits.

Objects that no branch points to are invisible, and git clears them away in time: so a kill between
the first blob and the last step, which moves the branch, leaves nothing that anyone can see.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from project.errors import UserError

TIMEOUT = 120  # seconds for one command; a network that hangs must not hold up a deploy for ever
FILE, FOLDER = "100644", "040000"


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
        command = ["git", f"--git-dir={self.folder}", *arguments]
        # LC_ALL: what git says of a lost race is told apart by its words.
        settings = {**os.environ, **self.identity, "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, input=given, env=settings, capture_output=True, timeout=TIMEOUT
            )
        except FileNotFoundError:
            raise UserError("git is not installed, and state is kept in git") from None
        except subprocess.TimeoutExpired:
            raise GitError(arguments[0], f"error: no answer within {TIMEOUT} s") from None
        if done.returncode:
            raise GitError(arguments[0], (done.stdout + done.stderr).decode(errors="replace"))
        return done.stdout

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

    def read(self, tree: str, paths: Iterable[str]) -> list[bytes | None]:
        """Read files of a commit with one process; None for those that are not there."""
        wanted = [f"{tree}:{path}" for path in paths]
        return self.blobs(wanted)

    def blobs(self, names: list[str]) -> list[bytes | None]:
        """Read blobs by their ids, or whatever else git calls them."""
        if not names:
            return []
        answer = self.run("cat-file", "--batch", given="\n".join([*names, ""]).encode())
        found: list[bytes | None] = []
        start = 0
        while start < len(answer):
            end = answer.index(b"\n", start)
            header, start = answer[start:end], end + 1
            if not re.fullmatch(rb"[0-9a-f]+ blob \d+", header):
                if not header.endswith(b" missing"):
                    raise UserError(f"expected a file, got {header.decode(errors='replace')}")
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
        base = self.text("rev-parse", f"{parent}^{{tree}}") if parent else None
        tree = self._tree(base, files)
        onto = ("-p", parent) if parent else ()
        return self.text("commit-tree", tree, *onto, given=message.encode())

    def _tree(self, base: str | None, files: Mapping[str, str]) -> str:
        """Store a folder like `base` with `files` replaced: only folders on their way are new."""
        listed = self.run("ls-tree", "-z", base).decode() if base else ""
        entries = {line.partition("\t")[2]: line for line in listed.split("\0") if line}
        below: dict[str, dict[str, str]] = {}
        for path, blob in files.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = blob
            else:
                entries[name] = f"{FILE} blob {blob}\t{name}"
        for name, inner in below.items():
            kind, identity = entries[name].split()[1:3] if name in entries else ("", "")
            tree = self._tree(identity if kind == "tree" else None, inner)
            entries[name] = f"{FOLDER} tree {tree}\t{name}"
        return self.text("mktree", "-z", given="".join(f"{e}\0" for e in entries.values()).encode())


def complaint(output: str) -> str:
    """Return what matters of git's words: the remote's own, else the first error."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    if any(said):
        return " ".join(filter(None, said))
    errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    chosen = (errors or [line for line in lines if line] or ["failed and said nothing"])[0]
    return re.sub(r"^(fatal|error): ", "", chosen)
