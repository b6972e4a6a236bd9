"""Metrics agree with scikit-learn's, and say so when they are not defined."""

import numpy as np
import pytest

from project.metrics import Scored, calibration_error, compute

random = np.random.default_rng(0)


def classified(rows: int, classes: int) -> Scored:
    scores = random.dirichlet(np.ones(classes), rows)
    truth = np.concatenate([np.arange(classes), random.integers(0, classes, rows - classes)])
    return Scored(truth, scores, scores.argmax(axis=1))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_classification_agrees_with_scikit_learn(classes: int) -> None:
    from sklearn import metrics as reference

    scored = classified(300, classes)
    labels = list(range(classes))
    positive = scored.scores[:, 1] if classes == 2 else scored.scores
    expected = {
        "accuracy": reference.accuracy_score(scored.truth, scored.label),
        "balanced_accuracy": reference.balanced_accuracy_score(scored.truth, scored.label),
        "macro_f1": reference.f1_score(scored.truth, scored.label, average="macro"),
        "roc_auc": reference.roc_auc_score(scored.truth, positive, multi_class="ovr"),
        "log_loss": reference.log_loss(scored.truth, scored.scores, labels=labels),
    }

    found = compute(scored)

    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_regression_agrees_with_scikit_learn() -> None:
    from sklearn import metrics as reference

    scored = Scored(random.normal(size=300), random.normal(size=300))
    expected = {
        "rmse": reference.root_mean_squared_error(scored.truth, scored.scores),
        "mae": reference.mean_absolute_error(scored.truth, scored.scores),
        "r2": reference.r2_score(scored.truth, scored.scores),
    }

    assert compute(scored) == pytest.approx(expected)


def test_ties_count_half_in_the_area_under_the_curve() -> None:
    scores = np.array([[0.5, 0.5]] * 4)
    scored = Scored(np.array([0, 1, 0, 1]), scores, np.array([0, 0, 0, 0]))

    assert compute(scored)["roc_auc"] == 0.5


def test_a_model_as_sure_as_it_is_right_is_calibrated() -> None:
    scores = np.array([[0.75, 0.25]] * 4)

    assert calibration_error(Scored(np.array([0, 0, 0, 1]), scores)) == pytest.approx(0.0)


UNDEFINED = {
    "an area under the curve with one class": (
        Scored(np.array([0, 0]), np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 0])),
        "roc_auc",
    ),
    "any metric of scores that are not numbers": (
        Scored(np.array([0, 1]), np.array([[np.nan, 1], [0, 1]]), np.array([0, 1])),
        "accuracy",
    ),
    "R² of a constant target": (Scored(np.ones(3), np.ones(3)), "r2"),
    "any metric of no rows": (Scored(np.array([]), np.array([])), "rmse"),
}


@pytest.mark.parametrize(("scored", "metric"), UNDEFINED.values(), ids=UNDEFINED)
def test_what_is_not_defined_is_none(scored: Scored, metric: str) -> None:
    assert compute(scored)[metric] is None
