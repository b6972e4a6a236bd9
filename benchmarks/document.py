"""Tables in docs/benchmarks.md, each between markers of its measurement's name."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
COLUMNS = ("", "clock", "processor", "ratio by clock", "ratio by processor", "bound")


@dataclass(frozen=True)
class Table:
    """A header and rows of cells."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def comparison(what: str, cost: Cost, base: Cost, bound: float | None) -> tuple[str, ...]:
    """Return a row that holds a cost against its base."""
    ratios = (f"**{cost.wall / base.wall:.2f}**", f"**{cost.cpu / base.cpu:.2f}**")
    return (what, *seconds(cost), *ratios, f"{bound:g}" if bound else "")


def plain(what: str, cost: Cost) -> tuple[str, ...]:
    """Return a row that others are held against."""
    return (what, *seconds(cost), "1", "1", "")


def seconds(cost: Cost) -> tuple[str, str]:
    """Return clock and processor time."""
    return f"{cost.wall:.2f} s", f"{cost.cpu:.2f} s"


def write(name: str, tables: list[Table]) -> str:
    """Put a measurement's tables into the page, between its markers; return them as Markdown."""
    text = "\n\n".join([machine(), *map(markdown, tables)])
    page = PAGE.read_text(encoding="utf-8")
    block = f"<!-- {name} -->\n{text}\n<!-- end of {name} -->"
    pattern = rf"<!-- {name} -->.*?<!-- end of {name} -->"
    page, found = re.subn(pattern, lambda _: block, page, flags=re.DOTALL)
    if not found:
        raise SystemExit(
            f"{PAGE.name}: has no place for {name}: <!-- {name} --> to <!-- end of … ->"
        )
    PAGE.write_text(page, encoding="utf-8")
    return text


def markdown(table: Table) -> str:
    """Lay a table out, numbers to the right."""
    lines = [table.header, ("---", *["---:"] * (len(table.header) - 1)), *table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> str:
    """Describe the machine, and how busy it was with other things."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    busy = os.getloadavg()[2]
    return (
        f"*{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}; load average {busy:.1f}*"
    )
