"""What the service has seen since: the last verdicts, what moved most, and what was deployed."""

from dataclasses import dataclass

from project.artefacts import ONNX
from project.files import sha256
from reporting.deployments import deployments
from reporting.moves import Move, moves
from reporting.run import Run
from reporting.timeline import Timeline, moment, timeline
from reporting.verdicts import Metric, Verdict, read_verdicts
from reporting.words import metric_name, number

WORDS = {"none": "No drift", "drift": "Drift", "too_little": "Too little data to say"}


@dataclass(frozen=True)
class Quality:
    """A metric by the labels that came: its name, then, now, the floor, whether it holds."""

    name: str
    offline: str
    current: str
    floor: str
    kept: bool | None


@dataclass(frozen=True)
class Monitoring:
    """The section; `other` names the model that was looked at, where it is not this page's."""

    last: Verdict
    word: str
    window: str
    other: str
    timeline: Timeline
    moves: list[Move]
    quality: list[Quality]
    history: list[tuple[str, str, str, str]]


def monitoring(run: Run) -> Monitoring | None:
    """Return what the section shows; None before the first verdict."""
    verdicts = read_verdicts()
    if not verdicts:
        return None
    last = verdicts[-1]
    deployed = deployments(str(run.params["project"]["name"]))
    return Monitoring(
        last=last,
        word=WORDS[last.verdict],
        window=_window(last),
        other="" if last.model.digest == f"sha256:{sha256(ONNX)}" else last.model.version,
        timeline=timeline(verdicts, deployed),
        moves=moves(last, run),
        quality=[_quality(metric) for metric in (last.quality.metrics if last.quality else [])],
        history=[_line(verdict) for verdict in reversed(verdicts)],
    )


def _window(verdict: Verdict) -> str:
    ends = [moment(each) for each in (verdict.window.start, verdict.window.end) if each]
    return " to ".join(ends) or "no rows"


def _quality(metric: Metric) -> Quality:
    bound = "at least" if metric.direction == "higher" else "at most"
    return Quality(
        name=metric_name(metric.name),
        offline=number(metric.offline),
        current=number(metric.current),
        floor="" if metric.floor is None else f"{bound} {number(metric.floor)}",
        kept=metric.kept,
    )


def _line(verdict: Verdict) -> tuple[str, str, str, str]:
    return (
        moment(verdict.time),
        WORDS[verdict.verdict],
        f"{verdict.drifted} of {len(verdict.columns)}",
        f"{verdict.rows.used:,}",
    )
