"""The columns that moved most, each as it was in training and as it is now."""

from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from reporting.axes import linear
from reporting.drawing import LEFT, RIGHT, TOP, Drawing
from reporting.run import Run
from reporting.verdicts import Column, Distribution, Verdict
from reporting.words import number

SHOWN = 6
MOST_CATEGORIES = 7
HEIGHT, GROUND = 150, 122


@dataclass(frozen=True)
class Pair:
    """A category's share of the rows then and now, in percent of the longest bar and as text."""

    name: str
    before: float
    now: float
    text: str


@dataclass(frozen=True)
class Move:
    """A column's two distributions: drawn where it holds numbers, in `pairs` else."""

    name: str
    prediction: bool
    drifted: bool
    test: str
    notes: list[str]
    drawing: Markup | None
    pairs: list[Pair]
    more: int


def moves(verdict: Verdict, run: Run) -> list[Move]:
    """Return what drifted, then what moved furthest, as many as one looks at."""
    every = [(column, False) for column in verdict.columns]
    if verdict.prediction:
        every.insert(0, (verdict.prediction, True))
    every.sort(key=lambda each: (not each[0].drifted, -distance(each[0].distribution)))
    return [_move(column, predicted, run) for column, predicted in every[:SHOWN]]


def distance(distribution: Distribution | None) -> float:
    """Return the share of rows that lie elsewhere now: the total variation distance."""
    if distribution is None:
        return 0.0
    before, now = _shares(distribution.reference), _shares(distribution.current)
    return sum(abs(b - n) for b, n in zip(before, now, strict=True)) / 2


def _move(column: Column, prediction: bool, run: Run) -> Move:
    found = column.distribution
    pairs = _pairs(found) if found and found.categories is not None else []
    name = run.own_name(run.evaluation["target"] if prediction else column.name)
    drawn = _drawing(name, found, found.bins) if found and found.bins is not None else None
    shown = sorted(pairs, key=lambda pair: -max(pair.before, pair.now))[:MOST_CATEGORIES]
    return Move(
        name=name,
        prediction=prediction,
        drifted=column.drifted,
        test=_test(column),
        notes=list(_notes(column)),
        drawing=drawn,
        pairs=[pair for pair in pairs if pair in shown],
        more=len(pairs) - len(shown),
    )


def _test(column: Column) -> str:
    name = column.test.upper() if len(column.test) <= 3 else column.test  # PSI, KS
    if column.score is None:
        return f"{name}: not defined"
    bound = "" if column.threshold is None else f", threshold {number(column.threshold)}"
    return f"{name} {number(column.score)}{bound}"


def _notes(column: Column) -> list[str]:
    notes = []
    if column.missing.reference or column.missing.current:
        before, now = f"{column.missing.reference:.1%}", f"{column.missing.current:.1%}"
        notes.append(f"Missing in {before} of the rows before, in {now} now.")
    if column.unseen:
        notes.append(f"{column.unseen:.1%} of the rows hold a value that training had not.")
    return notes


def _pairs(found: Distribution) -> list[Pair]:
    before, now = _shares(found.reference), _shares(found.current)
    longest = max([*before, *now], default=0) or 1
    return [
        Pair(name, round(100 * b / longest, 2), round(100 * n / longest, 2), f"{b:.0%} → {n:.0%}")
        for name, b, n in zip(found.categories or [], before, now, strict=True)
    ]


def _drawing(name: str, found: Distribution, edges: list[float]) -> Markup:
    """Draw both as outlines whose areas are their rows, whatever the bins' widths."""
    drawing = Drawing(
        f"{name}: {distance(found):.0%} of the rows lie elsewhere now than in training.", HEIGHT
    )
    x = linear(edges, LEFT - 30, RIGHT)
    before, now = (_densities(values, edges) for values in (found.reference, found.current))
    highest = max([*before, *now], default=0) or 1
    for heights, kind in ((before, "before"), (now, "curve now")):
        points = [(x.at(edges[0]), float(GROUND))]
        for (low, high), height in zip(pairwise(edges), heights, strict=True):
            y = round(GROUND - (GROUND - TOP) * height / highest, 2)
            points += [(x.at(low), y), (x.at(high), y)]
        drawing.curve([*points, (x.at(edges[-1]), float(GROUND))], kind)
    drawing.line(x.start, GROUND, x.end, GROUND, "axis")
    for tick in x.ticks:
        drawing.text(x.at(tick), GROUND + 17, number(tick), "tick middle")
    return drawing.markup()


def _densities(values: list[float], edges: list[float]) -> list[float]:
    narrowest = (edges[-1] - edges[0]) / 200 or 1.0  # a bin of one value has no width
    widths = [max(high - low, narrowest) for low, high in pairwise(edges)]
    return [share / width for share, width in zip(_shares(values), widths, strict=True)]


def _shares(values: list[float]) -> list[float]:
    total = sum(values) or 1
    return [value / total for value in values]
