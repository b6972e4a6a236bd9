"""Let the canary that is under way have all requests: `make promote ENV=…`."""

from delivery import asked, packages
from delivery.canary_values import promoted
from delivery.enforcing import Enforcement, Words
from delivery.entrance import entry_of, entry_record, named, passed, wishes
from delivery.gates.all import PROMOTION
from delivery.state.reading import Deployed
from delivery.state.record import State
from delivery.state.store import StateStore
from project.errors import UserError, one_line


def main() -> None:
    """Promote, or show by DRY_RUN what each gate says."""
    wished, place = wishes(), f"{asked.environment()}/{asked.model()}"
    seen = StateStore.open().current(asked.environment(), asked.model())
    if seen is None or seen.canary is None:
        raise UserError(f"{place}: no canary is under way; type: make canary ENV=… WEIGHT=…")
    entry = entry_of("promote", wished, packages.fetch(seen.canary.digest))
    outcomes = passed(entry, PROMOTION, wished)
    if outcomes is None:
        return
    assert entry.seen
    record = entry_record(entry, outcomes, wished).model_copy(update={"commit": seen.canary.commit})
    words = Words(
        f"{entry.environment} is to run {named(entry)}, promoted",
        f"{named(entry)} asks for all of {entry.environment}",
    )
    new = whole(entry.seen)
    Enforcement(entry.store, entry.settings, new, record, words, wished.direct).carry_out()


def whole(seen: Deployed) -> State:
    """Return the state in which the canary runs alone."""
    config = dict(seen.state.settings)
    candidate = config.pop("canary")
    config |= {"digest": candidate["digest"], "package": candidate["package"]}
    return State.of(config, promoted(seen.state.chart_values))


if __name__ == "__main__":
    one_line(main)
