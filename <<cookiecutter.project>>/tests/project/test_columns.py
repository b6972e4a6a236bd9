"""Any column name becomes one that TensorFlow and ONNX can bear, and no two become one."""

import re

import pytest

from project.columns import normalise, normalise_all

NAMES = {
    "alcohol": "alcohol",
    "Alcohol": "alcohol",
    " fixed acidity ": "fixed_acidity",
    "od280/od315": "od280_od315",
    "Größe (m²)": "grosse_m2",
    "Straße": "strasse",
    "naïve café": "naive_cafe",
    "yaşı": "yasi",
    "İl": "il",
    "価格": "jia_ge",
    "цена": "tsena",
    "объём": "obiom",
    "день": "den",
    "ηλικία": "elikia",
    "𠀀": "u20000",
    "№": "no",
    "Kunde №": "kunde_no",
    "Brand™": "brandtm",
    "2nd": "c_2nd",
    "": "column",
    "🍷": "column",
    "label": "label_column",
    "Prediction": "prediction_column",
}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_normalised(name: str) -> None:
    assert normalise(name) == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_normalised_name_stays(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", normalise(name))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["a", "A", "a "], ["a", "a_2", "a_3"]),
        (["a_2", "a", "A"], ["a_2", "a", "a_3"]),
        (["", "🍷"], ["column", "column_2"]),
        (["label", "label_column"], ["label_column", "label_column_2"]),
    ],
)
def test_names_that_become_alike_are_numbered(header: list[str], expected: list[str]) -> None:
    assert normalise_all(header) == expected
