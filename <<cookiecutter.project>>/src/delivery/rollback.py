"""Put an environment back to what ran there before: `make rollback ENV=… [TO=record] [DIRECT=1]`.

It goes the way of a deploy, by a commit or a pull request; DIRECT=1 commits at once, and DRY_RUN=1
says what would come back.
"""

from delivery import asked
from delivery.enforcing import Enforcement, Words, say_dry
from delivery.environments import Environment, load_environment
from delivery.state.reading import Deployed
from delivery.state.record import BACK, Record, State
from delivery.state.store import StateStore
from delivery.tables import short
from project.errors import UserError, one_line
from project.switches import is_on


def way_back(
    store: StateStore,
    environment: str,
    model: str,
    to: str | None = None,
    change: str | None = None,
    reason: str | None = None,
) -> tuple[State, Record]:
    """Return the previous state, or the one of record `to`, byte for byte, and the record of it.

    What ran until now, or had a share as a canary, counts as rolled back once this is in force
    (`StateStore.rolled_back`), and a gate refuses it. Raises `UserError` where there is nothing to
    go back to.
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
        action="abort" if seen.canary and to is None else "rollback",
        environment=environment,
        model=model,
        digest=target.digest,
        commit=target.commit,
        change=change,
        reason=reason or f"Back to {target.id}",
        replaced=seen.record.id,
    )
    return store.state_of(target), record


def previous(records: list[Record]) -> Record | None:
    """Return what ran before what runs now; while a canary is under way, what runs beside it.

    What was rolled back is skipped: to roll back twice is to go back by two, not to and fro.
    """
    changes = [record for record in records if record.changes]
    left: list[Record] = []
    for record in (each for each in changes if each.share is None):
        same = [number for number, each in enumerate(left) if each.state == record.state]
        if record.action in BACK and same:
            del left[same[-1] + 1 :]
        else:
            left.append(record)
    last = 1 if changes and changes[-1].share else 2
    return left[-last] if len(left) >= last else None


def refuse_same(seen: Deployed, target: Record) -> None:
    """Raise `UserError` where a rollback would change nothing."""
    if target.state and seen.state.sums == target.state.sums:
        raise UserError(f"{target.id}: is what runs; choose another: make history ENV=…")


def _named(records: list[Record], name: str, place: str) -> Record:
    for record in records:
        if record.id == name:
            if record.share:
                raise UserError(f"TO: {name} is a canary, which comes by make canary alone")
            return record
    raise UserError(f"TO: {place} has no record {name!r}; make history lists them")


def back_words(record: Record) -> Words:
    """Say to what an environment goes back."""
    what = f"{record.model} {short(record.digest)}"
    return Words(
        f"{record.environment} is back at {what}",
        f"{record.environment} asks to go back to {what}",
    )


def put_back(store: StateStore, settings: Environment, new: State, record: Record) -> None:
    """Put a way back in force, or propose it, and say so; by DRY_RUN say only what would be."""
    words, direct = back_words(record), is_on("DIRECT")
    if is_on("DRY_RUN"):
        what = f"go back: {record.environment} to {record.model} {short(record.digest)}"
        say_dry(store, settings, what, direct)
        return
    Enforcement(store, settings, new, record, words, direct).carry_out(why=record.reason or "")


def main() -> None:
    """Roll back, and say to what."""
    environment, model = asked.environment(), asked.model()
    settings, store = load_environment(environment), StateStore.open()
    new, record = way_back(
        store, environment, model, asked.given("TO"), asked.given("CHANGE"), asked.given("REASON")
    )
    put_back(store, settings, new, record)


if __name__ == "__main__":
    one_line(main)
