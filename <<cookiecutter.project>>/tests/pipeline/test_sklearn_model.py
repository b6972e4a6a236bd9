"""An estimator that cannot be made, fitted or exported is refused in one line that says why."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from project.errors import UserError
from project.settings.group import build
from project.settings.model import SklearnModel
from project.tables import Contract

ROWS = 30
CONTRACT = Contract(
    dataset="loans",
    task="classification",
    target="y",
    classes=["no", "yes"],
    columns={"a": "number", "c": "category"},
    sources={"a": "a", "c": "c"},
)
TABLE = pa.table(
    {
        "a": [None if row == 3 else float(row % 7) for row in range(ROWS)],
        "c": [None if row == 4 else "uv"[row % 2] for row in range(ROWS)],
        "y": ["yes" if row % 3 else "no" for row in range(ROWS)],
    }
)

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a parameter that does not exist": (
        {"n_trees": 3},
        "conf/model/mine.yaml: model.n_trees: sklearn.ensemble.RandomForestClassifier has no such",
    ),
    "a parameter out of range": (
        {"n_estimators": -1},
        "conf/model/mine.yaml: model.n_estimators: must be an int in the range [1, inf). Got -1",
    ),
    "an estimator that does not exist": (
        {"classifier": "sklearn.ensemble.RandomForrest"},
        "conf/model/mine.yaml: model.classifier: sklearn.ensemble.RandomForrest cannot be made",
    ),
    "an estimator without probabilities": (
        {"classifier": "sklearn.svm.LinearSVC"},
        "conf/model/mine.yaml: model.classifier: sklearn.svm.LinearSVC gives no probabilities",
    ),
    "gaps that the estimator does not take": (
        {
            "classifier": "sklearn.linear_model.LogisticRegression",
            "preprocessing": {"impute": None, "scale": False},
        },
        "conf/model/mine.yaml: fitting failed: Input X contains NaN",
    ),
    "an estimator without a converter": (
        {"classifier": "sklearn.dummy.DummyClassifier"},
        "DummyClassifier cannot be exported: no ONNX converter",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, folder: Path) -> None:
    changed, expected = REFUSED[case]
    mine = {
        "name": "mine",
        "framework": "sklearn",
        "classifier": "sklearn.ensemble.RandomForestClassifier",
        "regressor": None,
        "preprocessing": {"impute": "median", "scale": False},
    }
    model = build(SklearnModel, mine | changed)

    with pytest.raises(UserError) as refused:
        train_and_export(model, folder)

    assert expected in " ".join(str(refused.value).split())


def train_and_export(model: SklearnModel, folder: Path) -> None:
    from pipeline import sklearn_model  # two seconds of scikit-learn, for these tests alone

    sklearn_model.train(TABLE, CONTRACT, model, 42, folder)
    sklearn_model.to_onnx(folder, CONTRACT, 17)
