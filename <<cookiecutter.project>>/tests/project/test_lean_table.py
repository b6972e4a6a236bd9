"""No line of a table ends in blanks, whatever its cells are."""

import pytest
from rich.console import Console
from rich.text import Text

from project.lean_table import LeanTable


@pytest.mark.parametrize("colours", [False, True])
def test_no_line_ends_in_blanks(colours: bool) -> None:
    table = LeanTable("name", "what it is", pad_edge=False)
    table.add_row("a", "short")
    table.add_row("b", Text("yes", style="green"), style="bold")
    table.add_row("longer than the others", "")
    console = Console(width=60, color_system="standard" if colours else None)

    with console.capture() as captured:
        console.print(table)

    plain = Text.from_ansi(captured.get()).plain
    assert plain.splitlines() == [
        "name                    what it is",
        "a                       short",
        "b                       yes",
        "longer than the others",
    ]
    assert ("\x1b[" in captured.get()) == colours
