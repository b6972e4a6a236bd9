"""Let the package in dist/ into an environment: `make deploy ENV=…`.

Gates are asked first. Then the package goes to the registry, one commit says that it is to run, and
the registry's tag follows. A kill before that commit leaves the environment as it was, and the same
command does it again.
"""

from contextlib import suppress
from typing import Any

from delivery.enforcing import Enforcement, Words
from delivery.entrance import candidate_entry, entry_record, named, passed, wishes
from delivery.following import move_alias
from delivery.gates.all import GATES
from delivery.gates.gate import Entry
from delivery.manifests import candidate_values
from delivery.package import Package
from delivery.push import push_package, tag_package
from delivery.registry.choice import open_registry
from delivery.repository import chart_source, code_repository
from delivery.state.record import State
from project.errors import UserError, one_line
from project.loading import load
from project.settings.identity import Project


def main() -> None:
    """Deploy, or show by DRY_RUN what each gate says."""
    wished = wishes()
    entry = candidate_entry("deploy", wished)
    outcomes = passed(entry, GATES, wished)
    if outcomes is None:
        return
    new = wanted(entry)
    if entry.seen and entry.seen.state == new:
        print(f"{entry.environment} runs {named(entry)} already ({entry.seen.record.id})")
        tag_package(open_registry(), entry.package)
        move_alias(entry.environment, new)
        return
    send(entry.package)
    record = entry_record(entry, outcomes, wished)
    words = Words(
        f"{entry.environment} is to run {named(entry)}",
        f"{named(entry)} asks to enter {entry.environment}",
    )
    Enforcement(entry.store, entry.settings, new, record, words, wished.direct).carry_out()
    tag_package(open_registry(), entry.package)


def send(package: Package) -> None:
    """Send the package to where the environment pulls it from, untagged yet, and say so."""
    pushed = push_package(open_registry(), package, tagged=False)
    print(f"sent {pushed.tag} to {pushed.where} ({pushed.size:,} bytes)")


def wanted(entry: Entry) -> State:
    """Return the state in which the environment runs the package."""
    project: Project = load("project", Project)
    config: dict[str, Any] = {
        "model": entry.model,
        "environment": entry.environment,
        "digest": entry.package.digest,
        "chart": chart_source(),
        "package": told_of(entry.package),
        "registry": project.registry,
    }
    with suppress(UserError):  # without a remote there is nothing that a cluster could clone
        config["repository"] = code_repository()
    return State.of(config, candidate_values(entry.environment))


def told_of(package: Package) -> dict[str, Any]:
    """Return what config.yaml says of a package."""
    return {key: package.manifest[key] for key in ("name", "version", "task", "metrics", "digests")}


if __name__ == "__main__":
    one_line(main)
