"""Reading the state and its records out of a commit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from delivery.state.objects import Objects
from delivery.state.record import (
    CONFIG,
    HISTORY,
    VALUES,
    VERIFY,
    Record,
    State,
    parse_record,
)
from project.errors import UserError

NAME = re.compile(r"[a-z0-9][-a-z0-9]*")


@dataclass(frozen=True)
class Deployed:
    """What is in force: the state, the record that put it there, and its last verification.

    `state` is what lies there; it is not what the record says where somebody has edited it.
    """

    state: State
    record: Record
    verification: Record | None

    @property
    def digest(self) -> str:
        """The digest of the package that is to run; not that of a canary beside it."""
        return self.record.runs

    @property
    def canary(self) -> Record | None:
        """The record of the canary that is under way."""
        return self.record if self.record.share else None

    @property
    def verified(self) -> bool | None:
        """Whether the last verification passed; None where there was none."""
        found = self.verification.verification if self.verification else None
        return None if found is None else bool(found.get("passed"))

    @property
    def edited(self) -> bool:
        """Whether somebody has changed the files past the records."""
        return not self.record.state or self.state.sums != self.record.state.sums


def deployed_at(
    objects: Objects, commit: str | None, environment: str, model: str
) -> Deployed | None:
    """Return what was in force at a commit; None where nothing was."""
    return in_force(objects, commit, backwards(objects, commit, environment, model))


def in_force(objects: Objects, commit: str | None, records: Iterable[Record]) -> Deployed | None:
    """Return what was in force at a commit that has these records, the newest of them first."""
    verification = None
    for record in records:
        if record.changes:
            folder = f"{record.environment}/{record.model}/"
            found = objects.read(str(commit), (f"{folder}{CONFIG}", f"{folder}{VALUES}"))
            state = State(found[0] or b"", found[1] or b"", folder)
            return Deployed(state, record, verification)
        if record.action == VERIFY:
            verification = verification or record
    return None


def backwards(
    objects: Objects, commit: str | None, environment: str, model: str
) -> Iterator[Record]:
    """Read the records at a commit, the newest first, as many as are asked for."""
    check_names(environment, model)
    folder = f"{environment}/{model}/{HISTORY}"
    names = objects.names(commit, folder) if commit else {}
    newest = sorted(names, reverse=True)
    # The first alone: mostly it is the only one that is wanted.
    for some in (newest[:1], newest[1:8], newest[8:]):
        contents = objects.blobs(names[name] for name in some)
        for name, content in zip(some, contents, strict=True):
            yield parse_record(content or b"", f"{folder}/{name}")


def check_names(environment: str, model: str) -> None:
    """Raise `UserError` where a name is none of a folder of the layout."""
    for name in (environment, model):
        if not NAME.fullmatch(name):
            raise UserError(f"{name!r}: a name has small letters, digits and -")


def refuse_other(record: Record, seen: Deployed | None) -> None:
    """Raise `UserError` where a record does not replace, or speak of, what is in force."""
    found = seen.record.id if seen else None
    if found == record.replaced:
        return
    place = f"{record.environment}/{record.model}"
    if seen is None:
        raise UserError(f"{place}: nothing runs there, and {record.replaced} was expected")
    raise UserError(
        f"{place}: changed meanwhile by {seen.record.by} ({found}); nothing was done; "
        "look at make status, then try again"
    )
