import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from project.artefacts import DVC_LOCK, EVALUATION, ONNX, PAGE, PARAMS, PLOTS, TRAINING
from reporting.page import main, render
from reporting.run import read_run

TASKS = ["classification", "regression"]
SECTIONS = [
    *("verdict", "metrics", "training", "errors", "calibration", "importance", "slices", "data"),
    *("monitoring", "parity", "serving", "settings", "digests"),
]
MakeRun = Callable[[str], None]
Change = Callable[..., None]
Refusal = Callable[..., str]
VOID = {"meta", "link", "br", "wbr"}


class Page(HTMLParser):
    """Collects ids and whatever a page could fetch or run, and sees that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(str(value))
            if name in ("src", "href") and not str(value).startswith(("#", "data:")):
                self.fetched.append(str(value))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    assert page.open == []
    return page


@pytest.mark.parametrize("task", TASKS)
def test_the_page_has_every_section_once_and_fetches_nothing(make_run: MakeRun, task: str) -> None:
    make_run(task)
    main()
    page = parsed(PAGE.read_text(encoding="utf-8"))
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert len(set(page.ids)) == len(page.ids)
    assert page.fetched == []
    assert "script" not in page.tags


@pytest.mark.parametrize("task", TASKS)
def test_the_same_run_gives_the_same_page(make_run: MakeRun, task: str) -> None:
    make_run(task)
    assert render(read_run()) == render(read_run())


def test_names_and_labels_are_text_not_markup(classifier: None) -> None:
    text = render(read_run())
    for markup in ("<script>", "b & c", "<i>Long</i>", "<b>x</b>", "Toy <b>", "<games>"):
        assert markup not in text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in text


def test_a_refused_model_is_shown_with_its_reasons(classifier: None, change: Change) -> None:
    change(EVALUATION, verdict="refused", reasons=["macro_f1 is 0.9, must be at least 0.95"])
    text = render(read_run())
    assert "Refused" in text
    assert "macro_f1 is 0.9, must be at least 0.95" in text


def test_a_model_with_curves_shows_them(classifier: None, change: Change) -> None:
    curves = [{"step": i, "train": 1 / i, "validation": 2 / i} for i in range(1, 5)]
    change(TRAINING, curves=curves)
    assert "Validation loss was lowest in step 4 of 4" in render(read_run())


def test_a_confusion_of_some_of_the_rows_says_so(classifier: None, change: Change) -> None:
    assert "1 of 2 test rows are answered wrongly." in render(read_run())
    change(EVALUATION, rows=250_000)
    said = "1 of 2 test rows, drawn at random from 250,000, are answered wrongly."
    assert said in render(read_run())


def test_curves_without_rows_held_out_are_shown(classifier: None, change: Change) -> None:
    change(TRAINING, curves=[{"step": i, "train": 1 / i} for i in range(1, 5)])
    text = render(read_run())
    assert "Training loss ends at 0.25 after 4 steps; no rows were held out." in text
    assert "validation rows" not in text


def test_many_columns_are_folded(classifier: None, change: Change) -> None:
    change(EVALUATION, importance={f"column_{i}": 1 / (i + 1) for i in range(300)})
    assert "288 more" in render(read_run())


def test_no_slices_says_how_to_have_some(classifier: None, change: Change) -> None:
    change(EVALUATION, slices={})
    assert "evaluation.slices" in re.sub("<[^>]*>", "", render(read_run()))


def test_undefined_metrics_are_said_to_be(classifier: None, change: Change) -> None:
    report = read_run().evaluation
    for row in report["metrics"].values():
        row.update(value=None, low=None, high=None)
    change(EVALUATION, **report | {"importance": {"kind": None}, "slices": {}})
    assert "not defined" in render(read_run())


@pytest.mark.parametrize("task", TASKS)
def test_predictions_that_are_no_numbers_are_not_drawn(make_run: MakeRun, task: str) -> None:
    make_run(task)
    for path in {*PLOTS.glob("*.csv")} - {PLOTS / "confusion.csv"}:
        header = path.read_text(encoding="utf-8").splitlines()[0]
        path.write_text(f"{header}\n{','.join(['nan'] * (header.count(',') + 1))}\n")
    text = render(read_run())
    assert "no prediction is a number" in text
    assert "nan" not in re.findall('[cdwxy][^=]*="([^"]*)"', text)


@pytest.mark.parametrize("path", [EVALUATION, ONNX, DVC_LOCK, PARAMS], ids=str)
def test_a_missing_artefact_says_what_to_type(
    classifier: None, refusal: Refusal, path: Path
) -> None:
    path.unlink()
    assert f"{path}: not there yet; type: make repro" in refusal(main)


def test_a_broken_artefact_says_what_to_type(classifier: None, refusal: Refusal) -> None:
    EVALUATION.write_text("{")
    assert f"{EVALUATION}: cannot be read; type: make repro" in refusal(main)


def test_results_of_another_run_are_refused(classifier: None, refusal: Refusal) -> None:
    entry = f"outs: [{{path: {EVALUATION}, md5: {'0' * 32}}}]"
    DVC_LOCK.write_text(f"schema: '2.0'\nstages: {{evaluate: {{{entry}}}}}\n")
    assert f"{EVALUATION}: " in refusal(main)
