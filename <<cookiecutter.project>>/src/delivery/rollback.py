"""Put an environment back to what ran there before: `make rollback ENV=… [TO=record]`."""

from delivery import asked
from delivery.environments import load_environment
from delivery.following import move_alias
from delivery.notify import tell
from delivery.state.reading import Deployed
from delivery.state.record import Record
from delivery.state.store import StateStore
from delivery.tables import short
from project.errors import UserError, one_line


def roll_back(
    store: StateStore,
    environment: str,
    model: str,
    to: str | None = None,
    change: str | None = None,
    reason: str | None = None,
) -> Record:
    """Restore the previous state, or the one of record `to`, byte for byte, by a new commit.

    The digest that ran until now counts as rolled back (`StateStore.rolled_back`), and a gate can
    refuse it. Raises `UserError` where there is nothing to go back to.
    """
    seen = store.current(environment, model)
    if seen is None:
        raise UserError(f"{environment}/{model}: nothing runs there, so nothing can be rolled back")
    records = store.records(environment, model)
    target = _named(records, to, f"{environment}/{model}") if to else previous(records)
    if to is None and target is None:
        raise UserError(f"{environment}/{model}: nothing ran there before {short(seen.digest)}")
    assert target
    refuse_same(seen, target)
    record = Record(
        action="rollback",
        environment=environment,
        model=model,
        digest=target.digest,
        commit=target.commit,
        change=change,
        reason=reason or f"Back to {target.id}",
        replaced=seen.record.id,
    )
    return store.change(environment, model, store.state_of(target), record)


def previous(records: list[Record]) -> Record | None:
    """Return what ran before what runs now.

    What was rolled back is skipped: to roll back twice is to go back by two, not to and fro.
    """
    left: list[Record] = []
    for record in filter(lambda each: each.changes, records):
        same = [number for number, each in enumerate(left) if each.state == record.state]
        if record.action == "rollback" and same:
            del left[same[-1] + 1 :]
        else:
            left.append(record)
    return left[-2] if len(left) > 1 else None


def refuse_same(seen: Deployed, target: Record) -> None:
    """Raise `UserError` where a rollback would change nothing."""
    if target.state and seen.state.sums == target.state.sums:
        raise UserError(f"{target.id}: is what runs; choose another: make history ENV=…")


def _named(records: list[Record], name: str, place: str) -> Record:
    for record in records:
        if record.id == name:
            return record
    raise UserError(f"TO: {place} has no record {name!r}; make history lists them")


def main() -> None:
    """Roll back, and say to what."""
    environment, model = asked.environment(), asked.model()
    settings, store = load_environment(environment), StateStore.open()
    record = roll_back(
        store, environment, model, asked.given("TO"), asked.given("CHANGE"), asked.given("REASON")
    )
    line = f"{environment} is back at {model} {short(record.digest)} ({record.id})"
    print(line)
    move_alias(environment, store.state_of(record))
    tell(settings.notify, f"{line}: {record.reason}")


if __name__ == "__main__":
    one_line(main)
