"""Do records, git's history and the state agree? `make audit`.

A record is written once, by a commit of its own, together with the state that it puts in force, and
it names the record that it replaced. Whatever was done otherwise is named, until `make acknowledge`
has written down who answers for it. What this cannot tell: a commit that was forged with all of it,
by somebody who may push; that is for signed commits and the rights on the branch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from delivery import asked
from delivery.environments import NAMES
from delivery.state.commits import trailers
from delivery.state.journal import Entry, Touched, journal
from delivery.state.record import CONFIG, VALUES, VERIFY, Finding, Kept, Record, parse_record
from delivery.state.store import StateStore
from project.errors import UserError, one_line

#: What to do about a finding that somebody has looked into.
WAY_OUT = 'who answers for it types: make acknowledge ENV=… REASON="…"'


@dataclass
class Audit:
    """What was found wrong, what of that was acknowledged by which record, and all records."""

    store: StateStore
    found: list[Finding] = field(default_factory=list)
    acknowledged: list[tuple[Finding, Record]] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    _blobs: dict[str, str] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def read(self, entries: list[Entry]) -> None:
        """Read the records that commits have added, all at once."""
        added = [each for entry in entries for each in entry.touched if each.is_new_record]
        blobs = [each.blob for each in added]
        contents = self.store.repository.objects.blobs(blobs)
        self._contents = {blob: found or b"" for blob, found in zip(blobs, contents, strict=True)}

    def commit(self, entry: Entry) -> None:
        """Check one commit, upon those before it."""
        added = [each for each in entry.touched if each.is_new_record]
        for each in entry.touched:
            if each.is_record and not each.is_new_record:
                word = "removed" if each.status == "D" else "edited"
                self._find(each.path, entry, f"{word} by {entry.short}")
            elif not each.is_record:
                self._blobs[each.path] = each.blob
                if each.folder not in {record.folder for record in added}:
                    self._find(each.path, entry, f"edited by hand, in {entry.short}")
        for each in added:
            self._added(entry, each, is_alone=len(added) == 1)

    def newest(self, tip: str, model: str) -> None:
        """Check what lies there now against the records."""
        folders = [f"{environment}/{model}" for environment in NAMES]
        paths = [f"{folder}/{name}" for folder in folders for name in (CONFIG, VALUES)]
        lies = self.store.repository.objects.ids(tip, paths)
        for folder in folders:
            self._lies(folder, [lies.get(f"{folder}/{name}") for name in (CONFIG, VALUES)])

    def _lies(self, folder: str, blobs: list[str | None]) -> None:
        records = sorted(
            (record for path, record in self.records.items() if path.startswith(f"{folder}/")),
            key=lambda record: record.id,
        )
        changes = [record for record in records if record.changes]
        self.found += _gaps(changes)
        if changes and changes[-1].state and blobs != _blobs_of(changes[-1].state):
            self._once(folder, f"is not what {changes[-1].id}, its last record, put there")
        if not changes and any(blobs):
            self._once(folder, "no record says how this came here")

    def settle(self) -> None:
        """Set aside what was acknowledged, by records in which nothing is wrong."""
        wrong = {finding.path for finding in self.found}
        known = {
            (finding.path, finding.commit): record
            for record in self.records.values()
            if record.file not in wrong
            for finding in record.findings
        }
        left = []
        for finding in self.found:
            by = known.get((finding.path, finding.commit))
            if by:
                self.acknowledged.append((finding, by))
            else:
                left.append(finding)
        self.found = left

    def _find(self, path: str, entry: Entry, said: str) -> None:
        self.found.append(Finding(path=path, commit=entry.commit, said=said))

    def _added(self, entry: Entry, each: Touched, is_alone: bool) -> None:
        try:
            record = parse_record(self._contents[each.blob], each.path)
        except UserError as error:
            self._find(each.path, entry, str(error).removeprefix(f"{each.path}: "))
            return
        self.records[each.path] = record
        for reason in _forged(entry, each, record, is_alone):
            self._find(each.path, entry, f"forged: {reason}")
        lies = [self._blobs.get(f"{each.folder}/{name}") for name in (CONFIG, VALUES)]
        if record.state and lies != _blobs_of(record.state):
            self._find(each.folder, entry, f"is not what its record says, in {entry.short}")

    def _once(self, folder: str, said: str) -> None:
        """Add what is wrong at the end, unless the commit that did it was named."""
        named = {folder, f"{folder}/{CONFIG}", f"{folder}/{VALUES}"}
        if not any(finding.path in named for finding in self.found):
            self.found.append(Finding(path=folder, commit=None, said=said))


def audit(store: StateStore, model: str) -> Audit:
    """Check all that the branch has of a model."""
    made = Audit(store)
    tip = store.newest()
    if tip is not None:
        entries = [*journal(store.repository.objects, tip, model)]
        made.read(entries)
        for entry in entries:
            made.commit(entry)
        made.settle()
        made.newest(tip, model)
        made.settle()
    return made


def _forged(entry: Entry, each: Touched, record: Record, is_alone: bool) -> Iterator[str]:
    """Say in what a record and the commit that added it differ."""
    if record.file != each.path:
        yield f"it calls itself {record.file}"
    if record.id != record.own_id:
        yield f"one of its time and digest is {record.own_id}"
    # A request that was squashed may have lost what its commit said; the content says it again.
    is_squashed = is_alone and record.action != VERIFY and "Record" not in entry.trailers
    for name, value in trailers(record).items() if not is_squashed else ():
        said = entry.trailers.get(name, "")
        if said != " ".join(value.split()):
            yield f"its {name} is {value!r}, {entry.short} says {said!r}"
            return
    # Where a server has merged, the author may go by another address.
    if entry.author == entry.committer != record.by:
        yield f"it is by {record.by}, in {entry.short}"


def _gaps(changes: list[Record]) -> Iterator[Finding]:
    """Follow the records: each replaced the one before it."""
    known = {record.id for record in changes}
    if changes and changes[0].replaced:
        yield _missing(changes[0])
    for before, record in pairwise(changes):
        if record.replaced == before.id:
            continue
        if record.replaced in known or record.replaced is None:
            said = f"says that it replaced {record.replaced}, it was {before.id}"
            yield Finding(path=record.file, commit=None, said=said)
        else:
            yield _missing(record)


def _missing(record: Record) -> Finding:
    path = f"{record.file.rpartition('/')[0]}/{record.replaced}.json"
    return Finding(path=path, commit=None, said=f"is missing, {record.id} replaced it")


def _blobs_of(kept: Kept) -> list[str | None]:
    return [kept.config_blob, kept.values_blob]


def main() -> None:
    """Print what is wrong, a line each; exit 1 where anything is."""
    model = asked.model()
    made = audit(StateStore.open(), model)
    for finding, record in made.acknowledged:
        print(f"{finding}; acknowledged by {record.by}: {record.reason} ({record.id})")
    for finding in made.found:
        print(finding)
    if made.found:
        raise UserError(f"{model}: {len(made.found)} found in its history; see above; {WAY_OUT}")
    but = f", but for {len(made.acknowledged)} acknowledged" if made.acknowledged else ""
    print(f"{len(made.records)} records of {model}: they, git's history and the state agree{but}")


if __name__ == "__main__":
    one_line(main)
