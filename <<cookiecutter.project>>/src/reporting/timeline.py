"""The last verdicts over time, with the deployments among them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from reporting.deployments import Deployment
from reporting.verdicts import Verdict

WORDS = {"none": "no drift", "drift": "drift", "too_little": "too little data to say"}
ROOM = 11.0  # percent of a phone's width that a name needs
EDGE = 3.0  # percent kept free at both ends, for the first and the last dot


@dataclass(frozen=True)
class Point:
    """A verdict: its place and height in percent, and what it says."""

    at: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A deployment; `label` is empty where another has the room, `late`: it hangs leftwards."""

    at: float
    label: str
    late: bool


@dataclass(frozen=True)
class Timeline:
    """Points and marks between two moments; `most` columns drifted is the whole height."""

    start: str
    end: str
    most: int
    points: list[Point]
    marks: list[Mark]
    deployed: list[tuple[str, str, str, str]]
    description: str


def timeline(verdicts: list[Verdict], deployed: list[Deployment]) -> Timeline:
    """Lay verdicts and deployments out over time.

    Deployments are those since the first verdict, and before it the last of each environment, if
    it is no further away than the verdicts are among themselves.
    """
    first, last = verdicts[0].time, verdicts[-1].time
    before = {each.environment: each for each in deployed if each.time < first}
    near = [each for each in before.values() if first - each.time <= last - first]
    drawn = sorted(near, key=lambda each: each.time)
    drawn += [each for each in deployed if each.time >= first]
    moments = [first, last, *(each.time for each in drawn)]
    scale = _Scale(min(moments), max(moments))
    most = max(1, *(verdict.drifted for verdict in verdicts))
    found = [verdict.verdict for verdict in verdicts].count("drift")
    return Timeline(
        start=moment(scale.first),
        end=moment(scale.last),
        most=most,
        points=[
            Point(scale.at(each.time), round(100 * each.drifted / most, 2), each.verdict, say(each))
            for each in verdicts
        ],
        marks=_marks(drawn, scale),
        deployed=[
            (moment(each.time), each.environment, each.action, each.digest)
            for each in reversed(drawn)
        ],
        description=f"{len(verdicts)} verdicts from {moment(first)} to {moment(last)}, {found} of "
        f"them drift; the last says {WORDS[verdicts[-1].verdict]}. {len(drawn)} deployments.",
    )


@dataclass(frozen=True)
class _Scale:
    first: datetime
    last: datetime

    def at(self, time: datetime) -> float:
        span = (self.last - self.first).total_seconds()
        share = (time - self.first).total_seconds() / span if span else 0.5
        return round(EDGE + (100 - 2 * EDGE) * share, 2)


def _marks(deployed: list[Deployment], scale: _Scale) -> list[Mark]:
    """Mark each deployment; where they stand close, the one that matters more keeps its name."""
    named: list[float] = []
    marks = []
    for each in sorted(deployed, key=_importance):
        at = scale.at(each.time)
        free = all(abs(at - other) >= ROOM for other in named)
        named += [at] if free else []
        marks.append(Mark(at, each.environment if free else "", late=at > 100 - ROOM))
    return marks


def _importance(deployment: Deployment) -> tuple[bool, bool, float]:
    name = deployment.environment
    return name != "prod", name != "test", -deployment.time.timestamp()


def say(verdict: Verdict) -> str:
    """Say what a verdict found, in a line."""
    columns = f"{verdict.drifted} of {len(verdict.columns)} columns drifted"
    return f"{moment(verdict.time)}: {WORDS[verdict.verdict]}, {columns}"


def moment(time: datetime) -> str:
    """Write a moment to the minute, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
