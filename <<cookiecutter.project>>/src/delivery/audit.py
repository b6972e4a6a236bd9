"""Do records, git's history and the state agree? `make audit`.

A record is written once, by the commit whose trailers name it, together with the state that it puts
in force, and it names the record that it replaced. Whatever was done otherwise is named. What this
cannot tell: a commit that was forged with all of it, by somebody who may push; that is for signed
commits and the rights on the branch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from delivery import asked
from delivery.environments import NAMES
from delivery.state.commits import trailers
from delivery.state.journal import Entry, Touched, journal
from delivery.state.record import CONFIG, VALUES, Kept, Record, parse_record
from delivery.state.store import StateStore
from project.errors import UserError, one_line


@dataclass
class Audit:
    """What was found wrong, each in a line, and what was looked at on the way."""

    store: StateStore
    found: list[str] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    _blobs: dict[str, str] = field(default_factory=dict)

    def commit(self, entry: Entry) -> None:
        """Check one commit, upon those before it."""
        added = [each for each in entry.touched if each.is_record and each.status == "A"]
        for each in entry.touched:
            if each.is_record and each.status != "A":
                word = "removed" if each.status == "D" else "edited"
                self.found.append(f"{each.path}: {word} by {entry.short}")
            elif not each.is_record:
                self._blobs[each.path] = each.blob
                if each.folder not in {record.folder for record in added}:
                    self.found.append(f"{each.path}: edited by hand, in {entry.short}")
        for each in added:
            self._added(entry, each)

    def newest(self, tip: str, environment: str, model: str) -> None:
        """Check what lies there now against the records."""
        folder = f"{environment}/{model}"
        records = sorted(
            (record for path, record in self.records.items() if path.startswith(f"{folder}/")),
            key=lambda record: record.id,
        )
        changes = [record for record in records if record.changes]
        self.found += _gaps(changes)
        lies = self.store.repository.objects
        blobs = [lies.ask("rev-parse", f"{tip}:{folder}/{name}") for name in (CONFIG, VALUES)]
        if changes and changes[-1].state and blobs != _blobs_of(changes[-1].state):
            self._once(f"{folder}: is not what {changes[-1].id}, its last record, put there")
        if not changes and any(blobs):
            self._once(f"{folder}: no record says how this came here")

    def _added(self, entry: Entry, each: Touched) -> None:
        content = self.store.repository.objects.run("cat-file", "blob", each.blob)
        try:
            record = parse_record(content, each.path)
        except UserError as error:
            self.found.append(str(error))
            return
        self.records[each.path] = record
        for reason in _forged(entry, each, record):
            self.found.append(f"{each.path}: forged: {reason}")
        lies = [self._blobs.get(f"{each.folder}/{name}") for name in (CONFIG, VALUES)]
        if record.state and lies != _blobs_of(record.state):
            self.found.append(f"{each.folder}: is not what its record says, in {entry.short}")

    def _once(self, line: str) -> None:
        """Add what is wrong at the end, unless the commit that did it was named."""
        folder = line.partition(":")[0]
        if not any(
            told.startswith((f"{folder}/{CONFIG}", f"{folder}/{VALUES}", f"{folder}:"))
            for told in self.found
        ):
            self.found.append(line)


def audit(store: StateStore, model: str) -> Audit:
    """Check all that the branch has of a model."""
    made = Audit(store)
    tip = store.newest()
    if tip is not None:
        for entry in journal(store.repository.objects, tip, model):
            made.commit(entry)
        for environment in NAMES:
            made.newest(tip, environment, model)
    return made


def _forged(entry: Entry, each: Touched, record: Record) -> Iterator[str]:
    """Say in what a record and the commit that added it differ."""
    if record.file != each.path:
        yield f"it calls itself {record.file}"
    for name, value in trailers(record).items():
        said = entry.trailers.get(name, "")
        if said != " ".join(value.split()):
            yield f"its {name} is {value!r}, {entry.short} says {said!r}"
            return
    # Where a server has merged, the author may go by another address.
    if entry.author == entry.committer != record.by:
        yield f"it is by {record.by}, in {entry.short}"


def _gaps(changes: list[Record]) -> Iterator[str]:
    """Follow the records: each replaced the one before it."""
    known = {record.id for record in changes}
    if changes and changes[0].replaced:
        yield _missing(changes[0])
    for before, record in pairwise(changes):
        if record.replaced == before.id:
            continue
        if record.replaced in known or record.replaced is None:
            yield f"{record.file}: says that it replaced {record.replaced}, it was {before.id}"
        else:
            yield _missing(record)


def _missing(record: Record) -> str:
    folder = record.file.rpartition("/")[0]
    return f"{folder}/{record.replaced}.json: is missing, {record.id} replaced it"


def _blobs_of(kept: Kept) -> list[str | None]:
    return [kept.config_blob, kept.values_blob]


def main() -> None:
    """Print what is wrong, a line each; exit 1 where anything is."""
    model = asked.model()
    made = audit(StateStore.open(), model)
    for line in made.found:
        print(line)
    if made.found:
        raise UserError(f"{model}: {len(made.found)} found in its history; see above")
    print(f"{len(made.records)} records of {model}: they, git's history and the state agree")


if __name__ == "__main__":
    one_line(main)
