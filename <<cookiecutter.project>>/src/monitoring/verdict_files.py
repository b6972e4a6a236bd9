"""Verdicts as files: a page, the metrics, and last of all the verdict, under a name of its own."""

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from monitoring.evidently_report import EvidentlyView
from monitoring.page import render
from monitoring.publish import TEXT, write_metrics
from project.artefacts import DRIFT
from project.errors import UserError
from project.files import replacing, write_json, write_text

STAMP = "%Y%m%dT%H%M%SZ"
STAMP_LENGTH = len("20261121T142214Z")


def write_verdict(result: dict[str, Any], view: EvidentlyView | None) -> tuple[Path, Any]:
    """Write all three or none; return the page's path and the metrics' registry."""
    page = reserve(datetime.fromisoformat(result["time"]))
    try:
        # The first of them is put in its place last.
        with replacing(page.with_suffix(".json")) as verdict, replacing(page) as shown:
            write_text(shown, render(result, view))
            write_json(verdict, result)
            registry = write_metrics(result, TEXT)
    except BaseException:
        page.unlink(missing_ok=True)
        raise
    return page, registry


def reserve(moment: datetime) -> Path:
    """Make an empty page under a name that no verdict has: a second may bring several.

    Names sort as verdicts came: 20261121T142214Z, then 20261121T142214Z_02.
    """
    DRIFT.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = f"{moment:{STAMP}}" + (f"_{number:02}" if number > 1 else "")
        page = DRIFT / f"{name}.html"
        if page.with_suffix(".json").exists():
            continue
        try:
            page.touch(exist_ok=False)
        except FileExistsError:  # of a check that runs beside this one
            continue
        return page
    raise AssertionError  # count has no end


def refuse_clock_that_went_back(now: datetime) -> None:
    """Raise `UserError` where a verdict is from after now: it would be the last one for ever."""
    later = [path for path in DRIFT.glob("*.json") if path.stem[:STAMP_LENGTH] > f"{now:{STAMP}}"]
    if later:
        raise UserError(
            f"{max(later)}: made after now, {now:{STAMP}}: this machine's clock has gone back; set "
            "it, or remove that verdict"
        )
