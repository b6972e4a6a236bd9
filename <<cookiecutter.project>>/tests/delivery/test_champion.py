"""How a candidate's figures are held against the champion's, for each direction."""

from typing import Any

import pytest

from delivery.environments import Champion
from delivery.gates.champion import shortfalls

GOOD = {"accuracy": 0.9, "log_loss": 0.3}
MARGINS = {"accuracy": 0.01, "log_loss": 0.05}
CASES = [
    (GOOD, []),
    ({"accuracy": 0.895, "log_loss": 0.34}, []),  # within the margins
    ({"accuracy": 0.99, "log_loss": 0.01}, []),  # better, each its own way
    ({"accuracy": 0.88, "log_loss": 0.3}, ["accuracy is 0.88, the champion's 0.9 (margin 0.01)"]),
    ({"accuracy": 0.9, "log_loss": 0.4}, ["log_loss is 0.4, the champion's 0.3 (margin 0.05)"]),
    ({"accuracy": None, "log_loss": 0.3}, ["accuracy is not a number"]),
    ({"accuracy": float("nan"), "log_loss": 0.3}, ["accuracy is not a number"]),
]


def figures(candidate: dict[str, Any], champion: dict[str, Any] | None = GOOD) -> dict[str, Any]:
    def scored(metrics: dict[str, Any]) -> dict[str, Any]:
        return {"metrics": metrics, "slices": {}}

    theirs = champion and scored(champion)
    return {"task": "classification", "candidate": scored(candidate), "champion": theirs}


@pytest.mark.parametrize(("candidate", "said"), CASES)
def test_each_metric_is_compared_in_its_direction(
    candidate: dict[str, Any], said: list[str]
) -> None:
    terms = Champion(margins=MARGINS, slices={})
    assert list(shortfalls(figures(candidate), terms, "dev.yaml")) == said


@pytest.mark.parametrize(("rmse", "goes"), [(2.0, False), (1.5, True), (1.4, True)])
def test_a_margin_below_zero_asks_for_a_gain(rmse: float, goes: bool) -> None:
    terms = Champion(margins={"rmse": -0.5}, slices={})
    found = figures({"rmse": rmse}, {"rmse": 2.0}) | {"task": "regression"}
    assert (list(shortfalls(found, terms, "dev.yaml")) == []) is goes


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_champion_whose_metric_is_no_number_is_no_champion(value: float | None) -> None:
    terms = Champion(margins={"accuracy": 0.01}, slices={})
    said = shortfalls(figures(GOOD, {"accuracy": value}), terms, "dev.yaml")
    assert list(said) == ["the champion's accuracy is not a number"]


def test_a_first_model_whose_metric_is_no_number_is_refused() -> None:
    terms = Champion(margins={"accuracy": 0.01}, slices={})
    assert list(shortfalls(figures({"accuracy": None}, None), terms, "dev.yaml")) == [
        "accuracy is not a number"
    ]


def test_floors_without_slices_are_told() -> None:
    terms = Champion(margins=MARGINS, slices={"accuracy": 0.5})
    assert list(shortfalls(figures(GOOD), terms, "dev.yaml")) == [
        "dev.yaml: champion.slices has floors, and evaluation.slices names no column"
    ]
