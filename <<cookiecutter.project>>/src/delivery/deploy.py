"""Let the package in dist/ into an environment: `make deploy ENV=…`.

Gates are asked first. Then the package goes to the registry, and one commit says that it is to run.
A kill before that commit leaves the environment as it was, and the same command does it again.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery import asked
from delivery.environments import load_environment
from delivery.following import move_alias
from delivery.gates.all import GATES, checked_override
from delivery.gates.gate import Entry, Outcome, ask
from delivery.manifests import candidate_values
from delivery.notify import tell
from delivery.package import read_package
from delivery.push import push_package
from delivery.registry.choice import open_registry
from delivery.repository import chart_source, code_repository
from delivery.state.proposal import open_request
from delivery.state.record import Record, State
from delivery.state.store import StateStore
from delivery.tables import console, short, table
from project.errors import UserError, one_line
from project.git import git
from project.loading import load
from project.settings.identity import Project


@dataclass(frozen=True)
class Wishes:
    """What make's command line asks for, beside the environment."""

    dry_run: bool
    direct: bool
    change: str | None
    override: str | None
    reason: str | None


def main() -> None:
    """Deploy, or show by DRY_RUN what each gate says."""
    wishes = Wishes(
        dry_run=asked.given("DRY_RUN") is not None,
        direct=asked.given("DIRECT") is not None,
        change=asked.given("CHANGE"),
        override=asked.given("OVERRIDE"),
        reason=asked.given("REASON"),
    )
    entry = _entry(wishes.change)
    if wishes.override:
        allowed = entry.settings.overridable
        checked_override(entry.environment, allowed, wishes.override, wishes.reason or "")
    outcomes = list(_asked(entry, wishes))
    if wishes.dry_run:
        _show(outcomes)
    refused = [outcome for outcome in outcomes if outcome.verdict == "refused"]
    if refused:
        what = f"{entry.model} {short(entry.package.digest)}"
        line = f"{entry.environment} refuses {what}: {refused[0].id}: {refused[0].why}"
        if not wishes.dry_run:
            tell(entry.settings.notify, line)
        raise UserError(line)
    if not wishes.dry_run:
        _let_in(entry, outcomes, wishes)


def _entry(change: str | None) -> Entry:
    name, model = asked.environment(), asked.model()
    settings, package = load_environment(name), read_package()
    if package.manifest["name"] != model:
        raise UserError(f"dist/ holds {package.manifest['name']}, this is {model}")
    store = StateStore.open()
    return Entry(
        environment=name,
        settings=settings,
        model=model,
        package=package,
        store=store,
        seen=store.current(name, model),
        change=change,
        now=datetime.now(UTC),
    )


def _asked(entry: Entry, wishes: Wishes) -> Iterator[Outcome]:
    """Ask each gate; all of them for a dry run, else until one refuses."""
    for gate in GATES:
        outcome = ask(gate, entry, wishes.override)
        yield outcome
        if outcome.verdict == "refused" and not wishes.dry_run:
            return


def _let_in(entry: Entry, outcomes: list[Outcome], wishes: Wishes) -> None:
    new = wanted(entry)
    if entry.seen and entry.seen.state == new:
        print(f"{entry.environment} runs {_named(entry)} already ({entry.seen.record.id})")
        move_alias(entry.environment, new)
        return
    registry = open_registry()
    pushed = push_package(registry, entry.package)
    print(f"pushed {pushed.where}:{pushed.tag} ({pushed.size:,} bytes)")
    record = _record(entry, outcomes, wishes)
    if entry.settings.state.by == "pull_request" and not wishes.direct:
        change = entry.store.propose(entry.environment, entry.model, new, record)
        proposal = open_request(entry.store, change)
        line = f"{_named(entry)} asks to enter {entry.environment}: {proposal}"
    else:
        landed = entry.store.change(entry.environment, entry.model, new, record)
        line = f"{entry.environment} is to run {_named(entry)} ({landed.id})"
        move_alias(entry.environment, new)
    print(line)
    tell(entry.settings.notify, line)


def wanted(entry: Entry) -> State:
    """Return the state in which the environment runs the package."""
    manifest = entry.package.manifest
    project: Project = load("project", Project)
    config: dict[str, Any] = {
        "model": entry.model,
        "environment": entry.environment,
        "digest": entry.package.digest,
        "chart": chart_source(),
        "package": {
            key: manifest[key] for key in ("name", "version", "task", "metrics", "digests")
        },
        "registry": project.registry,
    }
    with suppress(UserError):  # without a remote there is nothing that a cluster could clone
        config["repository"] = code_repository()
    return State.of(config, candidate_values(entry.environment))


def _record(entry: Entry, outcomes: list[Outcome], wishes: Wishes) -> Record:
    passed_over = [outcome.id for outcome in outcomes if outcome.verdict == "overridden"]
    return Record(
        action="deploy",
        environment=entry.environment,
        model=entry.model,
        digest=entry.package.digest,
        commit=git("rev-parse", "HEAD"),
        change=entry.change,
        reason=wishes.reason,
        override=passed_over[0] if passed_over else None,
        gates=[outcome.to_json() for outcome in outcomes],
        replaced=entry.seen.record.id if entry.seen else None,
    )


def _named(entry: Entry) -> str:
    return f"{entry.model} {short(entry.package.digest)}"


def _show(outcomes: list[Outcome]) -> None:
    rows = [[each.id, each.verdict, each.why or each.title] for each in outcomes]
    console().print(table(("gate", "verdict", ""), rows))


if __name__ == "__main__":
    one_line(main)
