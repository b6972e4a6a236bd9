"""A package at the door of an environment: its gates are asked, and what they say is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from delivery import asked
from delivery.enforcing import say_dry
from delivery.environments import load_environment
from delivery.gates.all import checked_overrides
from delivery.gates.gate import Entry, Gate, Outcome, ask
from delivery.notify import tell
from delivery.package import Package, read_package
from delivery.state.record import Action, Record
from delivery.state.store import StateStore
from delivery.tables import console, short, table
from project.errors import UserError
from project.switches import is_on


@dataclass(frozen=True)
class Wishes:
    """What make's command line asks for, beside the environment."""

    dry_run: bool
    direct: bool
    change: str | None
    override: str | None
    reason: str | None


def wishes() -> Wishes:
    """Read what was asked for."""
    return Wishes(
        dry_run=is_on("DRY_RUN"),
        direct=is_on("DIRECT"),
        change=asked.given("CHANGE"),
        override=asked.given("OVERRIDE"),
        reason=asked.given("REASON"),
    )


def candidate_entry(action: Action, wished: Wishes) -> Entry:
    """Return the package in dist/ as it asks to enter; `UserError` where it is another model's."""
    package = read_package()
    if package.manifest["name"] != asked.model():
        raise UserError(f"dist/ holds {package.manifest['name']}, this is {asked.model()}")
    return entry_of(action, wished, package)


def entry_of(action: Action, wished: Wishes, package: Package) -> Entry:
    """Return a package as it asks to enter the environment that ENV names."""
    name, model = asked.environment(), asked.model()
    settings, store = load_environment(name), StateStore.open()
    return Entry(
        action=action,
        environment=name,
        settings=settings,
        model=model,
        package=package,
        store=store,
        seen=store.current(name, model),
        change=wished.change,
        now=datetime.now(UTC),
        direct=wished.direct,
    )


def passed(entry: Entry, gates: Sequence[Gate], wished: Wishes) -> list[Outcome] | None:
    """Ask the gates and return what they say; None after a dry run, which shows it.

    Raises `UserError` that names the gate which refuses, and tells others so.
    """
    overridden: frozenset[str] = frozenset()
    if wished.override:
        allowed, reason = entry.settings.overridable, wished.reason or ""
        overridden = checked_overrides(entry.environment, allowed, wished.override, reason)
    outcomes = list(_asked(entry, gates, overridden, wished.dry_run))
    if wished.dry_run:
        rows = [[each.id, each.verdict, each.why or each.title] for each in outcomes]
        console().print(table(("gate", "verdict", ""), rows))
    refused = [outcome for outcome in outcomes if outcome.verdict == "refused"]
    if refused:
        line = f"{entry.environment} refuses {named(entry)}: {refused[0].id}: {refused[0].why}"
        if not wished.dry_run:
            tell(entry.settings.notify, line)
        raise UserError(line)
    if wished.dry_run:
        what = f"go: {named(entry)} to {entry.environment}"
        say_dry(entry.store, entry.settings, what, entry.direct)
        return None
    if entry.by_request:
        entry.store.repository.refuse_no_remote()  # which no override can do without
    return outcomes


def _asked(
    entry: Entry, gates: Sequence[Gate], overridden: frozenset[str], dry_run: bool
) -> Iterator[Outcome]:
    """Ask each gate; all of them for a dry run, else until one refuses."""
    for gate in gates:
        outcome = ask(gate, entry, overridden)
        yield outcome
        if outcome.verdict == "refused" and not dry_run:
            return


def entry_record(entry: Entry, outcomes: list[Outcome], wished: Wishes) -> Record:
    """Return the record of a package that was let in."""
    passed_over = [outcome.id for outcome in outcomes if outcome.verdict == "overridden"]
    return Record(
        action=entry.action,
        environment=entry.environment,
        model=entry.model,
        digest=entry.package.digest,
        commit=entry.head,
        change=entry.change,
        reason=wished.reason,
        override=", ".join(passed_over) or None,
        gates=[outcome.to_json() for outcome in outcomes],
        replaced=entry.seen.record.id if entry.seen else None,
    )


def named(entry: Entry) -> str:
    """Name the package for people."""
    return f"{entry.model} {short(entry.package.digest)}"
