import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from project.artefacts import EVALUATION, ONNX, PAGE, PARAMS
from project.files import sha256, write_json, write_text
from reporting import summary


def summed_up() -> str:
    console = Console(file=io.StringIO(), width=100)
    summary.summarise(console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def register(digest: str) -> None:
    values = {"name": "toy", "version": "3", "tracking_uri": "sqlite:///mlflow.db", "run_id": "1"}
    write_json(summary.REGISTERED, values | {"model_digest": digest})


def test_a_passed_model_leads_to_its_registration(classifier: None) -> None:
    write_text(PAGE, "")
    text = summed_up()
    assert "✓ Passed   tiny on toy" in text
    assert "✓  Macro F1" in text
    assert "0.900  0.860 – 0.940  at least 0.8" in text
    assert "make register" in text


def test_decimal_points_stand_below_one_another_and_no_line_ends_in_a_space(
    regression: None, change: Callable[..., None]
) -> None:
    rmse = {"value": 54.25, "low": 51.5, "high": 57.5, "direction": "lower", "threshold": None}
    r2 = {"value": 0.4512, "low": 0.4, "high": 0.5, "direction": "higher", "threshold": 0.2}
    change(EVALUATION, metrics={"rmse": rmse, "r2": r2})

    lines = summed_up().splitlines()

    assert lines == [line.rstrip() for line in lines]
    first, second = (next(line for line in lines if name in line) for name in ("RMSE", "R²"))
    assert [place for place, letter in enumerate(first) if letter == "."] == [
        place for place, letter in enumerate(second.partition(" at ")[0]) if letter == "."
    ]


def test_a_registered_model_shows_its_version(classifier: None) -> None:
    write_text(PAGE, "")
    register(sha256(ONNX))
    text = summed_up()
    assert "toy, version 3  sqlite:///mlflow.db" in text
    assert "make register" not in text


@pytest.mark.parametrize("of_this_model", [True, False])
def test_the_package_of_this_model_alone_is_shown(of_this_model: bool, classifier: None) -> None:
    digest = sha256(ONNX) if of_this_model else "0" * 64
    manifest = {"name": "toy", "version": "abc", "digests": {"model": f"sha256:{digest}"}}
    write_json(summary.MANIFEST, manifest)

    assert ("Packaged    toy, version abc  dist/" in summed_up()) == of_this_model


def test_the_version_of_another_model_is_not_shown(classifier: None) -> None:
    register("0" * 64)
    assert "version 3" not in summed_up()


def test_a_refused_model_leads_to_another_try(
    regression: None, change: Callable[..., None]
) -> None:
    write_text(PAGE, "")
    change(EVALUATION, verdict="refused")
    text = summed_up()
    assert "✕ Refused" in text
    assert "make repro model=…" in text


def test_a_long_command_moves_its_own_reason_alone(classifier: None) -> None:
    write_text(PAGE, "")
    register(sha256(ONNX))
    words = "experiment=wine_quality source.path=/data/of/mine/winequality-red.csv split.seed=7"
    write_text(PARAMS, f"# With: {words}\n" + PARAMS.read_text(encoding="utf-8"))

    *_, serve, another, mlflow = summed_up().splitlines()

    assert serve == "  Next        make serve   to ask it over HTTP"
    assert another == f"              make repro {words} model=…  to try to beat it"
    assert mlflow == "              make mlflow  to compare"


def test_without_a_page_it_leads_there(regression: None) -> None:
    assert "make report" in summed_up()


def test_before_the_first_run_it_leads_there(folder: Path) -> None:
    assert "make repro" in summed_up()


def test_a_terminal_without_these_letters_gets_others(
    classifier: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    summary.main()
    assert "+ Passed   tiny on toy - 6 rows to train" in raw.getvalue().decode("ascii")


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_colours_stay_away_where_unwanted(
    classifier: None, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "dumb")
    console = Console(file=io.StringIO(), force_terminal=variable == "NO_COLOR")
    summary.summarise(console)
    assert "[3" not in console.file.getvalue()  # type: ignore[attr-defined]
