"""Which class is taken for which."""

from collections import Counter
from dataclasses import dataclass

from reporting.run import Table

#: A table of more classes is unreadable: the rest, with the fewest mistakes, become one.
MOST_CLASSES = 12
MOST_MISTAKES = 8
#: Names of more letters do not fit above a narrow column; numbers then stand for them.
LONGEST_HEADING = 4


@dataclass(frozen=True)
class Cell:
    """How many rows, and their share of the actual class in percent."""

    rows: int
    share: int
    right: bool


@dataclass(frozen=True)
class Confusion:
    """A table of actual classes (down) and answered ones (across)."""

    headings: list[str]
    numbered: bool
    rows: list[tuple[str, list[Cell]]]
    mistakes: list[tuple[str, str, int]]
    wrong: int
    total: int


def confusion(table: Table, classes: list[str]) -> Confusion:
    """Count the pairs of actual and predicted classes."""
    pairs = Counter((row["actual"], row["predicted"]) for row in table)
    mistakes = [(a, p, n) for (a, p), n in pairs.items() if a != p]
    mistakes.sort(key=lambda mistake: (-mistake[2], mistake[:2]))
    shown, rest = _shown(classes, mistakes)
    short = {name: name for name in shown} | dict.fromkeys(rest, _others(rest))
    names = [*shown, _others(rest)] if rest else shown
    folded: Counter[tuple[str, str]] = Counter()
    for (actual, predicted), count in pairs.items():
        folded[short[actual], short[predicted]] += count
    numbered = any(len(name) > LONGEST_HEADING for name in names)
    return Confusion(
        headings=[str(i) for i in range(1, len(names) + 1)] if numbered else names,
        numbered=numbered,
        rows=[(actual, _cells(actual, names, folded)) for actual in names],
        mistakes=mistakes[:MOST_MISTAKES],
        wrong=sum(count for *_, count in mistakes),
        total=len(table),
    )


def _shown(classes: list[str], mistakes: list[tuple[str, str, int]]) -> tuple[list[str], list[str]]:
    if len(classes) <= MOST_CLASSES:
        return classes, []
    weight: Counter[str] = Counter()
    for actual, predicted, count in mistakes:
        weight[actual] += count
        weight[predicted] += count
    worst = set(sorted(classes, key=lambda name: -weight[name])[: MOST_CLASSES - 1])
    return [c for c in classes if c in worst], [c for c in classes if c not in worst]


def _others(rest: list[str]) -> str:
    return f"{len(rest)} others"


def _cells(actual: str, names: list[str], counts: Counter[tuple[str, str]]) -> list[Cell]:
    total = sum(counts[actual, predicted] for predicted in names) or 1
    return [
        Cell(counts[actual, name], round(100 * counts[actual, name] / total), name == actual)
        for name in names
    ]
