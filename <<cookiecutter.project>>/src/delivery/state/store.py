"""Desired state and its records: read them, and change them by one commit at a time.

store = StateStore.open()
seen = store.current("dev", "wine-model")
store.change("dev", "wine-model", State.of(config, values), Record(
    action="deploy", environment="dev", model="wine-model", digest=…, commit=…,
    replaced=seen and seen.record.id))
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

from delivery.state.choice import open_repository
from delivery.state.commits import message
from delivery.state.git_error import GitError
from delivery.state.objects import Objects
from delivery.state.races import LostRaceError
from delivery.state.reading import Deployed, backwards, deployed_at, in_force, refuse_other
from delivery.state.record import (
    BACK,
    CONFIG,
    HISTORY,
    VALUES,
    Kept,
    Record,
    State,
    stamped,
)
from delivery.state.repository import Repository
from project.errors import UserError

TRIES = 60  # each time at least one other deploy has landed
LONGEST_WAIT = 2.0  # seconds between two tries
Landed = TypeVar("Landed")


@dataclass(frozen=True)
class Change:
    """A commit that is not published yet."""

    commit: str
    upon: str | None
    record: Record


class StateStore:
    """The state of all environments and models in one repository."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    @classmethod
    def open(cls, project: Path = Path()) -> "StateStore":
        """Open what GITOPS_REPO names, or branch `gitops` of this repo.

        Raises `UserError` where there is no repository or no git identity; a remote is asked when
        something is read.
        """
        return cls(open_repository(project))

    def current(self, environment: str, model: str) -> Deployed | None:
        """Return what is in force, as the remote has it now; None where nothing is."""
        with self._whole_errors():
            return deployed_at(self._objects, self.newest(), environment, model)

    def records(self, environment: str, model: str) -> list[Record]:
        """Return all records of a model in an environment, the oldest first."""
        with self._whole_errors():
            return [*backwards(self._objects, self.newest(), environment, model)][::-1]

    def rolled_back(self, environment: str, model: str) -> dict[str, Record]:
        """Return the digests that were taken back there and not let in again, and by which.

        A canary that was aborted counts as well.
        """
        records = self.records(environment, model)
        by_id = {record.id: record for record in records}
        marked: dict[str, Record] = {}
        for record in filter(lambda each: each.changes, records):
            marked.pop(record.digest, None)
            gone = by_id.get(record.replaced or "")
            if record.action in BACK and gone and gone.digest != record.digest:
                marked[gone.digest] = record
        return marked

    def change(self, environment: str, model: str, new: State, record: Record) -> Record:
        """Put a state in force by one commit, pushed where there is a remote.

        Returns the record as it was written, with its id. A lost race is tried again, for some
        time. Raises `UserError` where what is in force is not what `record.replaced` names, or the
        remote refuses; then all is as it was.
        """

        def publish() -> Record:
            change = self._prepared(environment, model, new, record)
            self.repository.publish(change.commit, change.upon)
            return change.record

        return self._until_landed(publish)

    def note(self, record: Record) -> Record:
        """Add a record that changes no state, such as a verification of `record.replaced`."""
        return self.change(record.environment, record.model, State(b"", b""), record)

    def propose(self, environment: str, model: str, new: State, record: Record) -> Change:
        """Push the change to a branch of its own, for a pull request; the state stays as it is.

        Returns the commit and its record; `delivery.state.proposal` opens the request.
        """
        self.repository.refuse_no_remote()

        def push() -> Change:
            self.repository.bring_base()
            change = self._prepared(environment, model, new, record)
            self.repository.push(change.commit, proposal_branch(change.record))
            return change

        return self._until_landed(push)

    def proposals(self, environment: str, model: str) -> list[str]:
        """Return the remote's branches of changes that the state does not have yet."""
        with self._whole_errors():
            tip, prefix = self.newest(), proposals_of(environment, model)
            history = f"{environment}/{model}/{HISTORY}"
            known = set(self._objects.names(tip, history)) if tip else set()
            return [
                branch
                for branch in self.repository.branches(prefix)
                if f"{branch.removeprefix(prefix)}.json" not in known
            ]

    def state_of(self, record: Record) -> State:
        """Return the state that a record put in force, byte for byte."""
        if record.state is None:
            raise UserError(f"{record.id}: this record put no state in force")
        found = self.repository.objects.blobs([record.state.config_blob, record.state.values_blob])
        state = State(found[0] or b"", found[1] or b"")
        if state.sums != record.state.sums:
            raise UserError(f"{record.file}: git does not have the files that this record names")
        return state

    def newest(self) -> str | None:
        """Return the commit that holds the state now."""
        return self._until_landed(self.repository.newest)

    @property
    def _objects(self) -> Objects:
        return self.repository.objects

    def _prepared(self, environment: str, model: str, new: State, record: Record) -> Change:
        """Make the commit of a change upon what is newest now."""
        if (environment, model) != (record.environment, record.model):
            raise UserError(f"a record of {record.environment}/{record.model} changes no other")
        tip = self.repository.newest()
        records = backwards(self._objects, tip, environment, model)
        last = next(records, None)
        seen = in_force(self._objects, tip, chain([last], records)) if last else None
        refuse_other(record, seen)
        author = self._objects.identity
        by = f"{author['GIT_AUTHOR_NAME']} <{author['GIT_AUTHOR_EMAIL']}>"
        files, kept = self._write(f"{environment}/{model}", new) if record.changes else ({}, None)
        written = stamped(record, last.time if last else None)
        written = written.model_copy(update={"by": by, "state": kept})
        files[written.file] = self._objects.write(written.content())
        commit = self._objects.commit(tip, files, message(written))
        return Change(commit, tip, written)

    def _write(self, folder: str, state: State) -> tuple[dict[str, str], Kept]:
        config, values = self._objects.write(state.config), self._objects.write(state.values)
        kept = Kept(**state.sums, config_blob=config, values_blob=values)
        return {f"{folder}/{CONFIG}": config, f"{folder}/{VALUES}": values}, kept

    def _until_landed(self, attempt: Callable[[], Landed]) -> Landed:
        """Try again while others are faster, after a wait that grows and differs by chance."""
        with self._whole_errors():
            for number in range(TRIES):
                try:
                    with self.repository.one_at_a_time():
                        return attempt()
                except LostRaceError:
                    time.sleep(random.uniform(0, min(LONGEST_WAIT, 0.05 * 2**number)))
        raise UserError(
            f"{self.repository.where}: others were faster {TRIES} times; nothing was changed, "
            "try again"
        )

    @contextmanager
    def _whole_errors(self) -> Iterator[None]:
        """Turn what git itself could not do, such as write to a full disk, into one line."""
        try:
            yield
        except GitError as error:
            raise UserError(f"{self.repository.where}: {error}") from None


def proposal_branch(record: Record) -> str:
    """Name the branch of a pull request."""
    return f"{proposals_of(record.environment, record.model)}{record.id}"


def proposals_of(environment: str, model: str) -> str:
    """Return what the branches of a model's pull requests to an environment begin with."""
    return f"deploy/{environment}/{model}/"
