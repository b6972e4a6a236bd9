import pytest

from reporting.axes import linear, logarithmic, within

ROUND = [
    ((0.0, 1.0), (0, 0.25, 0.5, 0.75, 1)),
    ((3.0, 97.0), (0, 25, 50, 75, 100)),
    ((-1.2, 0.7), (-1.5, -1, -0.5, 0, 0.5, 1)),
]


@pytest.mark.parametrize(("values", "ticks"), ROUND)
def test_ticks_are_round_and_hold_all_values(
    values: tuple[float, ...], ticks: tuple[float, ...]
) -> None:
    assert linear(values).ticks == ticks


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_one_value_lies_within_its_axis(value: float) -> None:
    assert 0 < linear([value]).at(value) < 100


def test_powers_of_ten() -> None:
    axis = logarithmic([0.02, 3.0])
    assert axis.ticks == (0.01, 0.1, 1, 10)
    assert axis.at(0.1) == pytest.approx(100 / 3, abs=0.01)


def test_an_axis_goes_no_further_than_a_share_can() -> None:
    axis = within([0.9, 0.99], (0, 1))
    assert axis.high == 1
    assert axis.low >= 0
