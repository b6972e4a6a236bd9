"""Give the package in dist/ a share of an environment's requests: `make canary ENV=… WEIGHT=20`.

The gates are those of a deploy: a share of production's requests is production. What runs there,
the chart and all settings stay as they are; the same command with another WEIGHT moves the share.
"""

import re

from delivery import asked
from delivery.canary_values import with_canary
from delivery.chart_values import candidate_facts
from delivery.deploy import send, told_of
from delivery.enforcing import Enforcement, Words
from delivery.entrance import candidate_entry, entry_record, named, passed, wishes
from delivery.gates.all import GATES
from delivery.gates.gate import Entry
from delivery.push import tag_package
from delivery.registry.choice import open_registry
from delivery.state.record import Share, State
from project.errors import UserError, one_line

MOST = 99  # all of it is a promotion


def main() -> None:
    """Begin a canary or move its share, or show by DRY_RUN what each gate says."""
    wished, weight = wishes(), asked_weight()
    entry = candidate_entry("canary", wished)
    new = tried(entry, weight)
    outcomes = passed(entry, GATES, wished)
    if outcomes is None:
        return
    assert entry.seen
    if entry.seen.state == new:
        print(f"{named(entry)} has {weight}% of {entry.environment} already")
        return
    send(entry.package)
    record = entry_record(entry, outcomes, wished).model_copy(
        update={"share": Share(weight=weight, beside=entry.seen.digest)}
    )
    words = Words(
        f"{entry.environment} gives {named(entry)} {weight}% of its requests",
        f"{named(entry)} asks for {weight}% of {entry.environment}",
    )
    Enforcement(entry.store, entry.settings, new, record, words, wished.direct).carry_out()
    tag_package(open_registry(), entry.package)


def tried(entry: Entry, weight: int) -> State:
    """Return the state in which the package has a share, beside what runs.

    Raises `UserError` where nothing else runs there, or the environment has no canaries.
    """
    place = f"{entry.environment}/{entry.model}"
    if entry.seen is None:
        raise UserError(f"{place}: nothing runs there; the first package comes by make deploy")
    if entry.seen.digest == entry.package.digest:
        raise UserError(f"{place}: {named(entry)} is what runs there; make repro makes another")
    candidate = {"digest": entry.package.digest, "weight": weight}
    config = entry.seen.state.settings | {"canary": candidate | {"package": told_of(entry.package)}}
    try:
        values = with_canary(entry.seen.state.chart_values, candidate_facts(), weight)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    return State.of(config, values)


def asked_weight() -> int:
    """Read WEIGHT, the share in percent; `UserError` where it is none."""
    text = asked.given("WEIGHT") or ""
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise UserError(
            f"WEIGHT={text}: expected percent, from 0 to {MOST}; all of it: make promote"
        )
    return int(text)


if __name__ == "__main__":
    one_line(main)
