"""On a terminal one sees which stage is at work; elsewhere there are the lines and nothing else."""

import io

import pytest
from rich.console import Console

from project.stage_progress import live, stage_progress

LINES = ["Running stage 'train':\n", "> bin/python -m pipeline.train\n", "[bold] is no markup\n"]


def test_a_terminal_shows_the_stage_at_work_and_for_how_long() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=60, no_color=True)

    with live(screen) as write:
        for line in LINES:
            write(line)
        assert isinstance(screen.file, io.StringIO)
        shown = screen.file.getvalue()

    assert "train 0:00:0" in shown
    assert all(line.rstrip() in shown for line in LINES)


def test_elsewhere_the_lines_are_left_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with stage_progress() as (say, complain):
        for line in LINES:
            say(line)
        complain("error: a.csv: empty\n")

    assert capsys.readouterr() == ("".join(LINES), "error: a.csv: empty\n")
