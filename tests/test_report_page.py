"""The model's card in a real browser: whole, readable on a phone, and silent on any network."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.deploying import deploy
from tests.projects import make
from tests.verdicts import write_verdicts

CASES = {
    "classification": ("model=keras_mlp", "dataset=breast_cancer"),
    "many columns": ("model=random_forest", "dataset=digits"),
    "regression": ("model=elasticnet", "dataset=diabetes"),
    "refused": ("model=random_forest", "evaluation.thresholds.balanced_accuracy=0.999"),
    "monitored": ("model=keras_mlp", "dataset=breast_cancer"),
}
SECTIONS = {
    "verdict": None,
    "metrics": "Metrics",
    "training": "Training",
    "errors": None,
    "calibration": "Calibration",
    "importance": "Importance",
    "slices": "Slices",
    "data": "Data",
    "monitoring": "Monitoring",
    "parity": "Parity",
    "serving": "Serving",
    "settings": "Settings",
    "digests": "Digests",
}
OWN = {
    "classification": ["Passed", "Confusion", "Loss by step", "make drift"],
    "many columns": ["Confusion", "pixel_0_0"],
    "regression": ["Passed", "Residuals", "Predicted against actual"],
    "refused": ["Refused", "must be at least 0.999"],
    "monitored": ["The last 12 verdicts", "mean_radius has drifted", "What moved most", "deployed"],
}
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]

Trained = Callable[..., Path]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """Name each of the cases in turn."""
    return str(request.param)


@pytest.fixture
def project(case: str, trained: Trained) -> Path:
    """Return a project with its report written."""
    made = trained("reported", *CASES[case])
    if case == "monitored":
        write_verdicts(made)
        assert deploy(made, number=1) == ""
        assert make(made, "report").returncode == 0
    return made


def opened(browser: Browser, project: Path, width: int, scheme: str = "light") -> Page:
    """Open the report as a file, with every fold unfolded."""
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto((project / "reports" / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    return page


def test_no_request_leaves_and_nothing_goes_wrong(browser: Browser, project: Path) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    uri = (project / "reports" / "index.html").as_uri()
    page.goto(uri, wait_until="networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [uri]


def test_every_section_is_there(browser: Browser, case: str, project: Path) -> None:
    page = opened(browser, project, 1440)
    for name, title in SECTIONS.items():
        section = page.locator(f"section#{name}")
        assert section.is_visible()
        assert title is None or section.get_by_role("heading", name=title, level=2).is_visible()
    text = page.inner_text("main")
    assert [words for words in OWN[case] if words not in text] == []


def test_no_width_needs_sideways_scrolling(browser: Browser, project: Path) -> None:
    page = opened(browser, project, 390)
    for width in (390, 320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_text_is_large_enough_on_a_phone(browser: Browser, project: Path) -> None:
    page = opened(browser, project, 390)
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('main *')]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
            .map(e => parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM?.().a ?? 1)))"""
    )
    assert smallest >= 11


def test_every_figure_has_words_for_who_cannot_see_it(browser: Browser, project: Path) -> None:
    page = opened(browser, project, 390)
    silent = page.locator("svg:not([aria-hidden]):not([aria-label]), [role=img]:not([aria-label])")
    assert silent.count() == 0


@pytest.mark.parametrize("case", ["monitored"])
def test_verdicts_and_deployments_stand_where_they_happened(
    browser: Browser, project: Path
) -> None:
    section = opened(browser, project, 390).locator("section#monitoring")
    stems = [stem.bounding_box() for stem in section.locator(".stem").all()]
    plot, deployed = section.locator(".plot").bounding_box(), section.locator(".deployed")
    places = [box["x"] for box in stems if box]
    assert len(places) == 12
    assert places == sorted(places)
    assert plot
    assert plot["x"] <= places[0] < places[-1] <= plot["x"] + plot["width"]
    assert [box["height"] > 20 for box in stems if box] == [False] * 9 + [True] * 3
    assert deployed.count() == 1  # after the last verdict
    assert deployed.inner_text() == "dev"
    shapes = section.locator("svg .before, svg .now")
    assert shapes.count() == 2 * section.locator("svg").count() > 0
    assert all(shape.bounding_box()["height"] > 20 for shape in shapes.all())  # type: ignore[index]


@pytest.mark.parametrize("case", ["classification"])
def test_what_make_drift_has_found_is_shown(browser: Browser, project: Path) -> None:
    recorded = project.parent / "recorded.jsonl"
    traffic = make(project, "simulate", "DRIFT=shift", "ROWS=600", f"OUT={recorded}")
    assert traffic.returncode == 0, traffic.stderr
    make(project, "drift", f"CURRENT={recorded}")
    verdict = json.loads(next((project / "reports/drift").glob("*.json")).read_text())
    assert make(project, "report").returncode == 0

    section = opened(browser, project, 390).locator("section#monitoring")
    assert section.locator(".finding h3").inner_text() == "Drift"
    shown = section.locator(".moves figure")
    assert shown.count() == 6
    drifted = {each["name"] for each in verdict["columns"] if each["drifted"]}
    first = shown.first
    assert first.locator(".drifted").is_visible()
    assert first.locator(".id").inner_text() in drifted
    assert all(each.bounding_box()["height"] > 20 for each in section.locator("svg .now").all())  # type: ignore[index]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_paper(browser: Browser, project: Path, scheme: str) -> None:
    page = opened(browser, project, 390, scheme)
    ink, quiet, paper = (
        luminance(page.evaluate(f"getComputedStyle(document.querySelector('{which}')).{what}"))
        for which, what in (("body", "color"), (".rail p", "color"), ("body", "backgroundColor"))
    )
    assert contrast(ink, paper) >= 7
    assert contrast(quiet, paper) >= 4.5


def test_the_script_on_the_page_runs(browser: Browser, project: Path) -> None:
    script = opened(browser, project, 1440).locator("section#serving pre").last.inner_text()
    python = project / ".venv" / "bin" / "python"
    done = subprocess.run([python, "-c", script], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("label: [", "prediction: ["))


def test_make_report_writes_the_same_page_again(project: Path) -> None:
    page = project / "reports" / "index.html"
    before = page.read_bytes()
    page.unlink()
    done = make(project, "report")
    assert done.returncode == 0, done.stderr
    assert page.read_bytes() == before


def luminance(color: str) -> float:
    """Return the relative luminance of a CSS color, as WCAG defines it."""
    parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    """Return the contrast of two luminances, from 1 to 21."""
    light, dark = max(one, other), min(one, other)
    return (light + 0.05) / (dark + 0.05)
