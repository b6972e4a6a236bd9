"""What a gate is, what it is told, and what comes of asking it."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal

from delivery.environments import Environment, Name
from delivery.package import Package
from delivery.state.reading import Deployed
from delivery.state.record import Action
from delivery.state.store import StateStore
from project.errors import UserError
from project.git import git

Verdict = Literal["passed", "refused", "overridden", "not asked"]
Figures = dict[str, Any]


class RefusedError(UserError):
    """A gate does not hold: the message says why, `figures` what was found."""

    def __init__(self, why: str, figures: Figures | None = None) -> None:
        super().__init__(why)
        self.figures = figures or {}


@dataclass(frozen=True)
class Entry:
    """A package that asks to enter an environment; `seen` is what is in force there.

    action: how it asks: by a deploy, as a canary, or as the canary that is to be promoted.
    direct: whether it comes by a commit at once where others come by a pull request.
    """

    action: Action
    environment: Name
    settings: Environment
    model: str
    package: Package
    store: StateStore
    seen: Deployed | None
    change: str | None
    now: datetime
    direct: bool = False

    @cached_property
    def head(self) -> str:
        """The commit that is checked out, of which all gates and the record speak."""
        return git("rev-parse", "HEAD")

    @property
    def by_request(self) -> bool:
        """Whether it comes by a pull request."""
        return self.settings.proposes(self.direct)

    def at(self, environment: str) -> Deployed | None:
        """Return what is in force in an environment."""
        if environment == self.environment:
            return self.seen
        return self.store.current(environment, self.model)


class Gate(ABC):
    """A check; its docstring is its help."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[str]

    def applies(self, entry: Entry) -> bool:
        """Tell whether the environment asks for this at all."""
        return True

    @abstractmethod
    def check(self, entry: Entry) -> Figures:
        """Return what was found; raise `RefusedError`, or any `UserError`, where it must not go."""


@dataclass(frozen=True)
class Outcome:
    """What came of a gate, as records hold it."""

    id: str
    title: str
    verdict: Verdict
    why: str | None = None
    figures: Figures = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome for a record."""
        return asdict(self)


def ask(gate: Gate, entry: Entry, overridden: Collection[str] = ()) -> Outcome:
    """Ask a gate; what it refuses goes on where it is among those that were overridden."""
    if not gate.applies(entry):
        return Outcome(gate.id, gate.title, "not asked")
    try:
        return Outcome(gate.id, gate.title, "passed", figures=gate.check(entry))
    except UserError as error:
        verdict: Verdict = "overridden" if gate.id in overridden else "refused"
        figures = error.figures if isinstance(error, RefusedError) else {}
        return Outcome(gate.id, gate.title, verdict, " ".join(str(error).split()), figures)
