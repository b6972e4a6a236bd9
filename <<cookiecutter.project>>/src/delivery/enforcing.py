"""Put a state in force in the way of its environment: by a commit at once, or by a pull request."""

from dataclasses import dataclass

from delivery.environments import Environment
from delivery.following import move_alias
from delivery.state.proposal import Proposal, open_request
from delivery.state.record import Record, State
from delivery.state.store import StateStore

#: What leaves all requests, or the rest of them, to what had them before.
NOT_FOLLOWED = ("canary", "abort", "acknowledge")


@dataclass(frozen=True)
class Enforced:
    """The record as it was written, and the request by which it comes in force, if not yet."""

    record: Record
    proposal: Proposal | None

    def said(self, done: str, asked: str) -> str:
        """Say that it is done, or what is asked for and where."""
        return f"{asked}: {self.proposal}" if self.proposal else f"{done} ({self.record.id})"


def enforce(
    store: StateStore, settings: Environment, new: State, record: Record, direct: bool
) -> Enforced:
    """Commit a state with its record, or propose it where the environment asks for that.

    direct: commit at once in any case. MLflow's alias follows what has come in force.
    """
    if settings.state.by == "pull_request" and not direct:
        change = store.propose(record.environment, record.model, new, record)
        return Enforced(change.record, open_request(store, change))
    landed = store.change(record.environment, record.model, new, record)
    if landed.action not in NOT_FOLLOWED:
        move_alias(landed.environment, new)
    return Enforced(landed, None)
