"""Whether a new model is better, and the comparison for whoever reviews it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from delivery.environments import Champion as Terms
from delivery.gates.champion import shortfalls
from delivery.gates.gate import Figures
from project.settings.evaluation import DIRECTIONS


@dataclass(frozen=True)
class Comparison:
    """Both models on the rows that tested the old one, and on those that test the new one.

    champion, candidate: versions. against: what the champion is, in words. data: what was learned.
    """

    champion: str
    candidate: str
    against: str
    data: list[str]
    primary: str
    old: Figures
    new: Figures

    @property
    def directions(self) -> dict[str, Any]:
        """Which way is better, by metric."""
        return dict(DIRECTIONS[self.new["task"]])

    @property
    def parts(self) -> tuple[tuple[str, Figures], tuple[str, Figures]]:
        """The figures with what their rows are called."""
        return ("old", self.old), ("new", self.new)


def reasons(found: Comparison, terms: Terms, gain: float, where: str) -> Iterator[str]:
    """Say why the candidate is no better; nothing where it is."""
    for name, figures in found.parts:
        for shortfall in shortfalls(figures, terms, where):
            yield f"on the {name} test rows {shortfall}"
    ours, theirs = (found.new[who]["metrics"][found.primary] for who in ("candidate", "champion"))
    if not _gained(ours, theirs, found.directions[found.primary]) > gain:
        yield (
            f"{found.primary} is {_text(ours)} on the new test rows, the champion's is "
            f"{_text(theirs)}; it must be better by more than {gain:g} (retrain.gain)"
        )


def _gained(ours: float | None, theirs: float | None, direction: str) -> float:
    if ours is None or theirs is None:
        return math.nan
    return ours - theirs if direction == "higher" else theirs - ours


def markdown(found: Comparison, branch: str) -> str:
    """Write the comparison of a better model as Markdown, with the branch that brings it."""
    lines = [
        f"# Retrained: {found.candidate} against {found.champion}",
        "",
        f"The champion is {found.against}; the candidate is better.",
        "",
        f"- Branch: {branch}",
        *(f"- {line}" for line in found.data),
        f"- Old test rows: {found.old['rows']:,} of those that tested the champion, and that "
        "neither has learned from.",
        f"- New test rows: {found.new['rows']:,} of those that test the candidate, and that "
        "neither has learned from.",
        "",
        "## Metrics",
        "",
        "| metric | old: champion | old: candidate | | new: champion | new: candidate | |",
        "| --- | ---: | ---: | --- | ---: | ---: | --- |",
        *(_row(found, name) for name in found.directions),
        "",
        *_slices(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(found: Comparison, metric: str) -> str:
    cells = [f"{metric} (primary)" if metric == found.primary else metric]
    for _, figures in found.parts:
        cells += _cells(figures["champion"], figures["candidate"], metric, found)
    return f"| {' | '.join(cells)} |"


def _slices(found: Comparison) -> Iterator[str]:
    for column, groups in found.new["candidate"]["slices"].items():
        theirs = found.new["champion"]["slices"].get(column, {})
        yield f"## {found.primary} by {column}, on the new test rows"
        yield ""
        yield "| group | rows | champion | candidate | |"
        yield "| --- | ---: | ---: | ---: | --- |"
        for group, ours in groups.items():
            name = group.replace("|", "\\|")
            cells = _cells(theirs.get(group, {"metrics": {}}), ours, found.primary, found)
            yield f"| {name} | {ours['rows']:,} | {' | '.join(cells)} |"
        yield ""


def _cells(theirs: Figures, ours: Figures, metric: str, found: Comparison) -> list[str]:
    before, now = theirs["metrics"].get(metric), ours["metrics"].get(metric)
    gained = _gained(now, before, found.directions[metric])
    word = "better" if gained > 0 else "worse" if gained < 0 else "same" if gained == 0 else ""
    return [_text(before), _text(now), word]


def _text(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"
