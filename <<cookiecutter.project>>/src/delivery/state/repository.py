"""The branch that holds the state: its newest commit, and moving it on without losing anybody's.

The branch moves in one step, which git does as a whole or not at all: locally by a compare and
swap, at a remote by a push that must be a fast-forward. Whoever comes second is told `LostRace`.
"""

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from delivery.state.objects import GitError, Objects, complaint
from project.errors import UserError
from project.gitops import BRANCH

REF = f"refs/heads/{BRANCH}"
#: Git holds a branch's lock for milliseconds; one that stays was left by a process that was killed.
STALE_SECONDS = 3.0
#: What git says where another push came first, here or at the remote.
RACES = (
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "but expected",
    ".lock': File exists",
    "reference already exists",
)
#: What no waiting helps against, though git says some of the above as well.
FINAL = ("No space left", "quota exceeded", "Permission denied", "Read-only file system")


class LostRace(Exception):  # noqa: N818  # what happened is no error: one tries again
    """Another process has moved the branch first."""


@dataclass(frozen=True)
class Repository:
    """A branch of a repository here, and the remote that has the last word where there is one.

    `mirror`: the repository is nothing but our copy of the remote's branch.
    """

    objects: Objects
    remote: str | None
    where: str
    mirror: bool = False

    def newest(self) -> str | None:
        """Return the newest commit of the branch, fetched; None where nothing was deployed yet.

        Raises `UserError` where the remote does not answer, or the branch has parted from it.
        """
        here = None if self.mirror else self._commit(REF)
        there = self._fetch() if self.remote else None
        if there is None or there == here:
            return here
        if here is None or self._is_ancestor(here, there):
            return there
        if self._is_ancestor(there, here):
            return here
        raise UserError(
            f"{self.where}: branch {BRANCH} here and there have parted; where nothing here is to "
            f"be kept, type: git branch -f {BRANCH} {self.remote}/{BRANCH}"
        )

    def publish(self, commit: str, upon: str | None) -> None:
        """Move the branch to a commit made upon its newest one; `LostRace` where it has moved."""
        self.refuse_checked_out()
        if not self.remote:
            self._move(commit, upon)
            return
        before = None if self.mirror else self._commit(REF)
        self.push(commit, BRANCH)
        if not self.mirror:
            # What counts has been pushed; where this fails, the next deploy makes up for it.
            with suppress(GitError, LostRace):
                self._move(commit, before)

    def push(self, commit: str, branch: str) -> None:
        """Push a commit to a branch of the remote, as a fast-forward."""
        assert self.remote
        try:
            # The project's pre-push hook is about code, which this is not.
            target = f"{commit}:refs/heads/{branch}"
            self.objects.run("push", "--porcelain", "--no-verify", self.remote, target)
        except GitError as error:
            if is_race(error.output):
                remove_stale_lock(error.output)
                raise LostRace from None
            raise UserError(f"{self.where}: refused the push: {complaint(error.output)}") from None

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Let others on this machine wait: in turn they lose no race against each other."""
        with (self.objects.folder / "slipway.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def refuse_checked_out(self) -> None:
        """Raise `UserError` where a work tree stands on the branch: it would seem edited."""
        if self.mirror:
            return
        worktrees = self.objects.text("worktree", "list", "--porcelain").split("\n\n")
        for each in worktrees:
            if f"branch {REF}" in each.splitlines():
                folder = each.splitlines()[0].removeprefix("worktree ")
                raise UserError(f"{folder}: has {BRANCH} checked out; switch to another branch")

    def _fetch(self) -> str | None:
        """Return the remote's commit, having fetched it; one round trip where it is known."""
        assert self.remote
        tracking = f"refs/remotes/{self.remote}/{BRANCH}"
        try:
            listed = self.objects.text("ls-remote", "--refs", self.remote, REF).split()
            if listed and self._commit(tracking) != listed[0]:
                options = ("--quiet", "--no-tags", "--no-write-fetch-head")
                self.objects.run("fetch", *options, self.remote, f"+{REF}:{tracking}")
                return self._commit(tracking)  # it may have moved on meanwhile
            return listed[0] if listed else None
        except GitError as error:
            if remove_stale_lock(error.output):
                raise LostRace from None
            raise UserError(f"{self.where}: cannot be read: {complaint(error.output)}") from None

    def _move(self, commit: str, before: str | None) -> None:
        nothing = "0" * len(commit)
        try:
            self.objects.run("update-ref", "-m", "slipway", REF, commit, before or nothing)
        except GitError as error:
            if is_race(error.output):
                remove_stale_lock(error.output)
                raise LostRace from None
            raise

    def _commit(self, name: str) -> str | None:
        return self.objects.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def _is_ancestor(self, first: str, second: str) -> bool:
        return self.objects.ask("merge-base", "--is-ancestor", first, second) is not None


def is_race(output: str) -> bool:
    """Tell from git's words whether somebody else was faster."""
    if any(words in output for words in FINAL):
        return False
    return any(words in output for words in RACES)


def remove_stale_lock(output: str) -> bool:
    """Remove the lock that git complains of where whoever made it is gone; tell whether it is so.

    A lock of a remote on this machine counts too: a kill takes git's other end with it.
    """
    named = re.search(r"Unable to create '([^']+\.lock)': File exists", output)
    if not named:
        return False
    lock = Path(named[1])
    try:
        if time.time() - lock.stat().st_mtime > STALE_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        pass  # released meanwhile, or on another machine
    return True
