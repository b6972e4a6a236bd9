import pytest

from reporting.words import interval_text, met, number, threshold_text, value_text


def row(
    value: float | None, low: float | None, high: float | None, **more: object
) -> dict[str, object]:
    return {
        "value": value,
        "low": low,
        "high": high,
        "direction": "higher",
        "threshold": None,
        **more,
    }


NUMBERS = [
    (None, "–"),
    (3.0, "3"),
    (-2, "−2"),
    (1234567.0, "1,234,567"),
    (1234.56, "1,235"),
    (0.123456, "0.123"),
    (4.2e-7, "4.2e−7"),
    (-1.5e20, "−1.5e20"),
]


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


VALUES = [
    (row(0.97183, 0.9437, 0.9929), "0.972", "0.944 – 0.993"),
    (row(57.1234, 50.5, 63.2), "57.1", "50.5 – 63.2"),
    (row(54321.9, 50000, 61000), "54,322", "50,000 – 61,000"),
    (row(-0.5, -0.9, -0.1), "−0.50", "−0.90 – −0.10"),
    (row(1.0, 1.0, 1.0), "1.000", "1.000 – 1.000"),
    (row(0.5, None, None), "0.500", ""),
    (row(None, None, None), "not defined", ""),
]


@pytest.mark.parametrize(("metric", "value", "interval"), VALUES)
def test_a_value_has_the_decimals_that_its_interval_bears(
    metric: dict[str, object], value: str, interval: str
) -> None:
    assert (value_text(metric), interval_text(metric)) == (value, interval)


def test_rounding_never_hides_a_miss() -> None:
    metric = row(0.8996, 0.85, 0.95, threshold=0.9)
    assert met(metric) is False
    assert value_text(metric) == "0.8996"


def test_a_threshold_says_its_side() -> None:
    assert threshold_text(row(1, 1, 1, threshold=0.9)) == "at least 0.9"
    assert threshold_text(row(1, 1, 1, threshold=0.1, direction="lower")) == "at most 0.1"
    assert met(row(None, None, None, threshold=0.1)) is False
