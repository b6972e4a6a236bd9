"""Answers as JSON: what the outputs hold, whatever classes are called."""

import json

import numpy as np
import pytest

from serving.answers import AnswerWriter

CLASSES = ['say "no"', "100 %s", "größer", "{}"]


@pytest.mark.parametrize("rows", [1, 3])
def test_each_row_has_its_label_and_a_share_for_each_class(rows: int) -> None:
    labels = np.array((CLASSES * rows)[1 : rows + 1], dtype=object)
    shares = np.arange(rows * 4, dtype=np.float32).reshape(rows, 4) / 7

    written = AnswerWriter(CLASSES).write({"label": labels, "probabilities": shares})

    assert json.loads(written) == [
        {
            "label": labels[row],
            "probabilities": {
                name: pytest.approx(share, rel=1e-7)
                for name, share in zip(CLASSES, shares[row].tolist(), strict=True)
            },
        }
        for row in range(rows)
    ]


def test_numbers_are_the_float32_that_the_model_gave() -> None:
    values = np.array([0.1, 1 / 3, 1e-30, 3e38, -0.0, np.nan], dtype=np.float32)

    written = json.loads(AnswerWriter(None).write({"prediction": values[:, None]}))

    numbers = [one["prediction"] for one in written]
    assert numbers[-1] is None
    assert np.array(numbers[:-1], dtype=np.float32).tolist() == values[:-1].tolist()
    assert written[0] == {"prediction": 0.1}, "and not 0.10000000149011612"
