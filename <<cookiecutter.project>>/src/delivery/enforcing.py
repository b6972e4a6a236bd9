"""Put a state in force in the way of its environment: by a commit at once, or by a pull request."""

from dataclasses import dataclass

from delivery.environments import Environment
from delivery.following import move_alias
from delivery.notify import tell
from delivery.state.proposal import open_request
from delivery.state.record import Record, State
from delivery.state.store import StateStore
from project.errors import UserError

#: What leaves all requests, or the rest of them, to what had them before.
NOT_FOLLOWED = ("canary", "abort", "acknowledge")


@dataclass(frozen=True)
class Words:
    """What is said of a change: where it is in force, and where it is asked for."""

    done: str
    asked: str


@dataclass(frozen=True)
class Enforcement:
    """A state that is to come in force, with its record.

    direct: commit at once, also where the environment asks for pull requests.
    """

    store: StateStore
    settings: Environment
    new: State
    record: Record
    words: Words
    direct: bool

    def carry_out(self, why: str = "") -> None:
        """Put it in force, and say so, here and to whoever is told; `why` to them alone.

        They are told as well where it was refused after all, such as by the repository of the
        state.
        """
        try:
            line = self.enforce()
        except UserError as error:
            tell(self.settings.notify, f"{self.words.asked}, in vain: {error}")
            raise
        print(line)
        tell(self.settings.notify, f"{line}: {why}" if why else line)

    def enforce(self) -> str:
        """Commit it, or propose it where the environment asks for that; say which.

        MLflow's alias follows what has come in force.
        """
        record = self.record
        if self.settings.proposes(self.direct):
            change = self.store.propose(record.environment, record.model, self.new, record)
            return f"{self.words.asked}: {open_request(self.store, change)}"
        landed = self.store.change(record.environment, record.model, self.new, record)
        if landed.action not in NOT_FOLLOWED:
            move_alias(landed.environment, self.new)
        return f"{self.words.done} ({landed.id})"


def say_dry(store: StateStore, settings: Environment, what: str, direct: bool) -> None:
    """Say at the end of a dry run what would be done; `UserError` where it could not be."""
    by = ""
    if settings.proposes(direct):
        store.repository.refuse_no_remote()
        by = " by a pull request"
    print(f"would {what}{by}; nothing was done")
