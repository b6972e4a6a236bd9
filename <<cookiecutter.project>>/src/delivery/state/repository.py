"""The branch that holds the state: its newest commit, and moving it on without losing anybody's.

The branch moves in one step, which git does as a whole or not at all: locally by a compare and
swap, at a remote by a push that must be a fast-forward. Whoever comes second is told
`LostRaceError`.
"""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from delivery.repository import without_login
from delivery.state.git_error import GitError, complaint
from delivery.state.objects import Objects
from delivery.state.races import LostRaceError, is_race, remove_stale_lock
from project.errors import UserError
from project.gitops import BRANCH

REF = f"refs/heads/{BRANCH}"


@dataclass(frozen=True)
class Repository:
    """A branch of a repository here, and the remote that has the last word where there is one.

    `mirror`: the repository is nothing but our copy of the remote's branch.
    """

    objects: Objects
    remote: str | None
    mirror: bool = False

    @cached_property
    def where(self) -> str:
        """What people call it; git is asked where something is to be said, and not before."""
        if not self.remote:
            return f"branch {BRANCH}"
        return without_login(self.objects.ask("remote", "get-url", self.remote) or self.remote)

    def newest(self) -> str | None:
        """Return the newest commit of the branch, fetched; None where nothing was deployed yet.

        Raises `UserError` where the remote does not answer, or the branch has parted from it.
        """
        here = None if self.mirror else self._commit(REF)
        if not self.remote:
            return here
        known = self._commit(self._tracking)
        there = self._fetch(known)
        if there is None:
            if known:
                raise UserError(
                    f"{self.where}: has no branch {BRANCH} any more; to put it back as it was "
                    f"seen last, type: {self._git} push {self.remote} {known}:{REF}; to begin "
                    f"anew: {self._git} update-ref -d {self._tracking}"
                )
            return here
        if here and self._lacks(there, here):
            raise UserError(self._parted(here, there))
        if known and self._lacks(there, known):
            print(f"warning: {self._cut_short(known, there)}", file=sys.stderr)
        return there

    def _lacks(self, branch: str, commit: str) -> bool:
        return branch != commit and not self._is_ancestor(commit, branch)

    def _parted(self, here: str, there: str) -> str:
        """Say that the branch here is not within the remote's, and what to type."""
        follow = f"git update-ref {REF} {there}"
        if self._is_ancestor(there, here):
            back = f"git push {self.remote} {BRANCH}"
            return f"{self._cut_short(here, there)}; to do without them: {follow}; else: {back}"
        return (
            f"{self.where}: branch {BRANCH} here and there have parted; where nothing here is to "
            f"be kept, type: {follow}"
        )

    def _cut_short(self, known: str, there: str) -> str:
        count = self.objects.text("rev-list", "--count", known, f"^{there}")
        return (
            f"{self.where}: branch {BRANCH} there lacks {count} of the commits that are known "
            f"here, up to {known[:10]}: it was cut short or rewritten, or they were never pushed"
        )

    @property
    def holder(self) -> str:
        """Who holds what `newest` found: the remote, or the branch here where it has none yet."""
        if not self.remote or self.mirror or self._commit(self._tracking) or not self._commit(REF):
            return self.where
        return f"branch {BRANCH} here, and not yet {self.where},"

    def refuse_no_remote(self) -> None:
        """Raise `UserError` where there is nowhere to open a pull request."""
        if not self.remote:
            raise UserError(
                "there is no git remote to open a pull request at; type: git remote add origin URL "
                "(or change the state at once: DIRECT=1)"
            )

    def bring_base(self) -> None:
        """Have the remote hold the branch that requests are merged into, as it is here or empty."""
        if self._commit(self._tracking):
            return
        here = self.newest()
        if self._commit(self._tracking) is None:
            begun = here or self.objects.commit(None, {}, "Begin the record of what runs where\n")
            self.push(begun, BRANCH)

    def branches(self, prefix: str) -> list[str]:
        """Return the remote's branches whose names begin so."""
        if not self.remote:
            return []
        heads = "refs/heads/"
        try:
            listed = self.objects.text("ls-remote", "--refs", self.remote, f"{heads}{prefix}*")
        except GitError as error:
            raise UserError(f"{self.where}: cannot be read: {complaint(error.output)}") from None
        return [line.partition(heads)[2] for line in listed.splitlines()]

    def publish(self, commit: str, upon: str | None) -> None:
        """Move the branch to a commit upon its newest one; `LostRaceError` where it has moved."""
        self.refuse_checked_out()
        if not self.remote:
            self._move(commit, upon)
            return
        before = None if self.mirror else self._commit(REF)
        self.push(commit, BRANCH)
        if not self.mirror:
            # What counts has been pushed; where this fails, the next deploy makes up for it.
            with suppress(GitError, LostRaceError):
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
                raise LostRaceError from None
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

    @property
    def _tracking(self) -> str:
        """Where git keeps what the remote's branch was when it was seen last."""
        return f"refs/remotes/{self.remote}/{BRANCH}"

    @property
    def _git(self) -> str:
        """How a person calls git for this repository."""
        return f"git --git-dir={self.objects.folder}" if self.mirror else "git"

    def _fetch(self, known: str | None) -> str | None:
        """Return the remote's commit, having fetched it; one round trip where it is known."""
        assert self.remote
        try:
            listed = self.objects.text("ls-remote", "--refs", self.remote, REF).split()
            if listed and known != listed[0]:
                options = ("--quiet", "--no-tags", "--no-write-fetch-head")
                self.objects.run("fetch", *options, self.remote, f"+{REF}:{self._tracking}")
                self._index()
                return self._commit(self._tracking)  # it may have moved on meanwhile
            return listed[0] if listed else None
        except GitError as error:
            if remove_stale_lock(error.output):
                raise LostRaceError from None
            raise UserError(f"{self.where}: cannot be read: {complaint(error.output)}") from None

    def _index(self) -> None:
        """Let our copy of a fleet know which commits touched which folder.

        Without it git opens every commit of every model to find one's own. It holds nothing that
        git cannot do without, so that a failure, such as a full disk, stops nothing.
        """
        if self.mirror:
            try:
                options = ("--reachable", "--changed-paths", "--split", "--no-progress")
                self.objects.run("commit-graph", "write", *options)
            except GitError as error:
                remove_stale_lock(error.output)

    def _move(self, commit: str, before: str | None) -> None:
        nothing = "0" * len(commit)
        try:
            self.objects.run("update-ref", "-m", "slipway", REF, commit, before or nothing)
        except GitError as error:
            if is_race(error.output):
                remove_stale_lock(error.output)
                raise LostRaceError from None
            raise

    def _commit(self, name: str) -> str | None:
        return self.objects.commit_of(name)

    def _is_ancestor(self, first: str, second: str) -> bool:
        return self.objects.ask("merge-base", "--is-ancestor", first, second) is not None
