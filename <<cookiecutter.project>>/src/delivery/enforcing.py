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


def carry_out(
    store: StateStore,
    settings: Environment,
    new: State,
    record: Record,
    words: Words,
    direct: bool,
    why: str = "",
) -> None:
    """Put a state in force, and say so, here and to whoever is told; `why` to them alone.

    They are told as well where it was refused after all, such as by the repository of the state.
    """
    try:
        line = enforce(store, settings, new, record, words, direct)
    except UserError as error:
        tell(settings.notify, f"{words.asked}, in vain: {error}")
        raise
    print(line)
    tell(settings.notify, f"{line}: {why}" if why else line)


def enforce(
    store: StateStore,
    settings: Environment,
    new: State,
    record: Record,
    words: Words,
    direct: bool,
) -> str:
    """Commit a state with its record, or propose it where the environment asks for that; say it.

    direct: commit at once in any case. MLflow's alias follows what has come in force.
    """
    if settings.proposes(direct):
        change = store.propose(record.environment, record.model, new, record)
        return f"{words.asked}: {open_request(store, change)}"
    landed = store.change(record.environment, record.model, new, record)
    if landed.action not in NOT_FOLLOWED:
        move_alias(landed.environment, new)
    return f"{words.done} ({landed.id})"


def say_dry(store: StateStore, settings: Environment, what: str, direct: bool) -> None:
    """Say at the end of a dry run what would be done; `UserError` where it could not be."""
    by = ""
    if settings.proposes(direct):
        store.repository.refuse_no_remote()
        by = " by a pull request"
    print(f"would {what}{by}; nothing was done")
