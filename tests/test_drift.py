"""What the service saw, judged as its user judges it: make simulate, make labels, make drift."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run
from tests.projects import make
from tests.serving import served

MODEL = "model=random_forest"
KINDS = ("none", "shift", "noise", "missing", "label-shift")
SEEN = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    page = browser.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(sys.argv[2])
    page.frames[1].get_by_text("Drifted Columns", exact=True).wait_for(timeout=60_000)
    print([url for url in asked if not url.startswith(("file:", "data:", "about:"))], wrong)
    print(*page.locator("h1").inner_text().split())
"""


def verdict(project: Path) -> dict[str, Any]:
    """Read the verdict that was written last."""
    *_, last = sorted((project / "reports/drift").glob("*.json"))
    return dict(json.loads(last.read_text()))


def test_each_drift_of_wine_is_found_and_none_where_there_is_none(
    trained: Callable[..., Path],
) -> None:
    project = trained("drift", MODEL)
    codes, agreed = {}, {}

    for kind in KINDS:
        words = {"DRIFT": kind, "ROWS": "900", "OUT": f"{kind}.jsonl"}
        command = [str(project / "bin/python"), "-m"]
        made = run([*command, "monitoring.simulate"], project, words)
        assert made.returncode == 0, made.stderr
        done = run([*command, "monitoring.drift"], project, {"CURRENT": f"{kind}.jsonl"})
        codes[kind], agreed[kind] = done.returncode, verdict(project)["evidently"]["agrees"]

    assert codes == {kind: 0 if kind == "none" else 3 for kind in KINDS}
    assert all(agreed.values())


def test_what_a_running_service_saw_is_judged_with_its_labels(
    packaged: Path, tmp_path: Path
) -> None:
    project = Path(shutil.copytree(packaged, tmp_path / "made", symlinks=True))
    shutil.rmtree(project / "data/predictions", ignore_errors=True)
    with served(project) as service:
        words = ("DRIFT=new-category", "ROWS=400", f"URL={service.url}", "LABELS=labels.csv")
        made = make(project, "simulate", *words)
        assert made.returncode == 0, made.stderr
    kept = make(project, "labels", "FILE=labels.csv")
    assert kept.returncode == 0, kept.stderr

    done = make(project, "drift")

    assert "Error 3" in done.stderr
    found = verdict(project)
    assert [one["name"] for one in found["columns"] if one["drifted"]] == ["citta"]
    assert found["rows"]["used"] == found["quality"]["labelled"] == 400
    assert found["evidently"]["agrees"]
    if not (chromium := shutil.which("chromium")):
        pytest.skip("chromium is not installed")
    page = next((project / "reports/drift").glob("*.html")).resolve().as_uri()
    shown = run([sys.executable, "-c", SEEN, chromium, page], None)
    assert shown.stdout.splitlines()[0] == "[] []", shown.stderr
    assert shown.stdout.splitlines()[1].endswith("Drift")
