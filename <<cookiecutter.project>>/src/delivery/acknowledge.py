"""Answer for what `make audit` has found: `make acknowledge ENV=… REASON="…" [CHANGE=…]`.

Nothing is taken back or hidden: a record says who acknowledged which findings and why. It goes the
way of a deploy, by a commit or a pull request; from then on gate `records` and the audit let these
findings be, and name them still.
"""

from delivery import asked
from delivery.audit import audit
from delivery.enforcing import Enforcement, Words, say_dry
from delivery.environments import load_environment
from delivery.state.reading import Deployed
from delivery.state.record import Finding, Record, State
from delivery.state.store import StateStore
from project.errors import UserError, one_line
from project.switches import is_on

NO_STATE = State(b"", b"")


def acknowledgement(found: list[Finding], seen: Deployed | None, place: str, reason: str) -> Record:
    """Return the record of an acknowledgement; place: the environment and model, `<env>/<model>`.

    Raises `UserError` where there is nothing to acknowledge, or where what lies there now is not
    what its last record put there: the past can be acknowledged, the present is to be put right.
    """
    ours = [finding for finding in found if f"{finding.path}/".startswith(f"{place}/")]
    if not ours:
        raise UserError(f"{place}: nothing was found, so there is nothing to acknowledge")
    environment, _, model = place.partition("/")
    if seen and seen.edited:
        raise UserError(
            f"{place}: is not what its last record put there; put that back first: "
            f"make rollback ENV={environment} TO={seen.record.id}"
        )
    standing = [finding for finding in ours if finding.commit is None and finding.path == place]
    if standing:
        raise UserError(f"{standing[0]}; take it away first, by a commit")
    return Record(
        action="acknowledge",
        environment=environment,
        model=model,
        digest=seen.record.digest if seen else "",
        commit=seen.record.commit if seen else "",
        change=asked.given("CHANGE"),
        reason=reason,
        replaced=seen.record.id if seen else None,
        findings=ours,
    )


def main() -> None:
    """Acknowledge all that was found in an environment, and say what."""
    environment, model, reason = asked.environment(), asked.model(), asked.given("REASON")
    if reason is None:
        raise UserError('REASON: nobody says why; add REASON="…"')
    settings, store = load_environment(environment), StateStore.open()
    found, seen = audit(store, model).found, store.current(environment, model)
    record = acknowledgement(found, seen, f"{environment}/{model}", reason)
    direct = is_on("DIRECT")
    for finding in record.findings:
        print(finding)
    what = f"{len(record.findings)} found in {environment}/{model}"
    if is_on("DRY_RUN"):
        say_dry(store, settings, f"acknowledge: {what}", direct)
        return
    words = Words(f"acknowledged: {what}", f"asked to acknowledge: {what}")
    Enforcement(store, settings, NO_STATE, record, words, direct).carry_out(why=reason)


if __name__ == "__main__":
    one_line(main)
