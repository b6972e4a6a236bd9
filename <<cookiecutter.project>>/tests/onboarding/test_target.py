"""The task is told by the target's values, and its classes are put in order."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onboarding.target import describe
from project.errors import UserError

RANDOM = np.random.default_rng(0)

CLASSES: dict[str, tuple[list[Any], list[str]]] = {
    "true and false": ([True, False] * 9, ["false", "true"]),
    "yes and no": (["yes", "no"] * 9, ["no", "yes"]),
    "two texts, the rarer one last": (["bad", "good", "good"] * 9, ["good", "bad"]),
    "two numbers": ([2, 1] * 9, ["1", "2"]),
    "two whole floats": ([1.0, 0.0] * 9, ["0", "1"]),
    "ten digits": (list(range(10)) * 9, [str(digit) for digit in range(10)]),
    "three texts": (["b", "c", "a"] * 9, ["a", "b", "c"]),
}

NUMBERS: dict[str, list[Any]] = {
    "fractions": RANDOM.normal(size=60).tolist(),
    "many whole numbers": RANDOM.integers(0, 1000, 60).tolist(),
    "marks that start at three": [3, 4, 5, 6, 7, 8] * 9,
    "counts of which the high ones are rare": [0] * 50 + [1] * 20 + [2] * 4,
    "whole numbers with holes between": [0, 10, 20] * 9,
}

REFUSED: dict[str, tuple[list[Any], str]] = {
    "a gap": (["a", None, "b"], "target 'Y' is missing in 1 rows, first in row 2"),
    "one value": (["a"] * 20, "target 'Y' is 'a' in every row"),
    "names": ([f"name {row}" for row in range(50)], "50 different values in 50 rows"),
    "one class with rows enough": (["a"] * 90 + ["b"] * 2, "1 of them in fewer than 4 rows"),
    "few rows": ([1.5, 2.5, 3.5], "3 rows; training, early stopping and test need 12"),
    "an infinity": (
        [*map(float, range(20)), float("inf")],
        "target 'Y', row 21: expected a number, found inf; mend it, or take such rows out",
    ),
    "lists": ([[1], [2]] * 9, "expected a category, found list"),
}


@pytest.mark.parametrize("case", CLASSES)
def test_these_are_classes(case: str) -> None:
    values, classes = CLASSES[case]

    target = describe(pa.chunked_array([values]), "y", "Y", "t.csv")

    assert target.task == "classification"
    assert list(target.classes) == classes


@pytest.mark.parametrize("case", NUMBERS)
def test_these_are_numbers(case: str) -> None:
    target = describe(pa.chunked_array([NUMBERS[case]]), "y", "Y", "t.csv")

    assert target.task == "regression"
    assert target.thresholds == {"r2": 0.2}


def test_a_class_that_is_too_rare_is_set_aside() -> None:
    target = describe(pa.chunked_array([["a"] * 60 + ["b"] * 60 + ["c"] * 3]), "y", "Y", "t.csv")

    assert target.classes == {"a": 60, "b": 60}
    assert target.rare == {"c": 3}


@pytest.mark.parametrize("alike", [("Ja", "ja"), (" ja", "ja")])
def test_classes_that_case_or_blanks_tell_apart_are_refused(alike: tuple[str, str]) -> None:
    with pytest.raises(UserError) as refused:
        describe(pa.chunked_array([[*alike, "nein"] * 9]), "y", "Y", "t.csv")

    assert str(refused.value) == (
        f"t.csv: target 'Y': {alike[0]!r} and {alike[1]!r} differ in case or blanks alone; "
        "write one class in one way"
    )


@pytest.mark.parametrize(("rare", "unbalanced"), [(10, True), (40, False)])
def test_one_class_outweighs_another(rare: int, unbalanced: bool) -> None:
    target = describe(pa.chunked_array([["a"] * 60 + ["b"] * rare]), "y", "Y", "t.csv")

    assert target.unbalanced is unbalanced


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    values, expected = REFUSED[case]

    with pytest.raises(UserError) as refused:
        describe(pa.chunked_array([values]), "y", "Y", "t.csv")

    assert expected in str(refused.value)
