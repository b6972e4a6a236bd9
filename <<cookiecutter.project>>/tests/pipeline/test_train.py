"""The stage leaves weights and curves behind, the same each time, and nothing where it fails."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from pipeline import train as stage
from project.artefacts import CURVES, NATIVE, TRAIN, TRAINING
from project.files import read_json
from project.tables import Contract, write_table

ROWS = 60
CONTRACT = Contract("loans", "classification", "y", ["no", "yes"], {"a": "number"}, {"a": "a"})
BOOSTING = {
    "name": "mine",
    "framework": "sklearn",
    "classifier": "sklearn.ensemble.GradientBoostingClassifier",
    "regressor": None,
    "preprocessing": {"impute": None, "scale": False},
    "n_estimators": 3,
}
LEFT_OUT = "left out"


@pytest.fixture
def settle(folder: Path) -> Callable[..., None]:
    """Write rows to train on; return what writes the model's settings."""
    rows = {"a": [float(row % 9) for row in range(ROWS)], "y": ["no", "no", "yes"] * (ROWS // 3)}
    write_table(TRAIN, pa.table(rows), CONTRACT)

    def write(**parameters: object) -> None:
        model = {key: value for key, value in (BOOSTING | parameters).items() if value != LEFT_OUT}
        settings = {"seed": 3, "model": model}
        (folder / "params.yaml").write_text(yaml.safe_dump(settings))

    return write


def test_weights_and_curves_are_left_behind_the_same_each_time(settle: Callable[..., None]) -> None:
    settle()
    stage.main()
    before = weights()
    stage.main()

    assert before == weights() != {}
    training = read_json(TRAINING)
    assert (training["model"], training["rows"]) == ("mine", ROWS)
    losses = [point["train"] for point in training["curves"]]
    assert len(losses) == 3
    assert losses == sorted(losses, reverse=True)
    header, *steps = CURVES.read_text().splitlines()
    assert header == "step,train,validation"
    assert [step.rpartition(",")[::2] for step in steps] == [
        (f"{number},{loss:.6g}", "") for number, loss in enumerate(losses, 1)
    ]


def test_rows_that_the_estimator_holds_out_have_a_loss_of_their_own(
    settle: Callable[..., None],
) -> None:
    kind = "sklearn.ensemble.HistGradientBoostingClassifier"
    parameters = {"n_estimators": LEFT_OUT, "max_iter": 4, "early_stopping": True}
    settle(classifier=kind, **parameters)
    stage.main()

    first, *_, last = read_json(TRAINING)["curves"]
    assert (first["step"], set(first)) == (0, {"step", "train", "validation"})
    assert first["train"] > last["train"] > 0


def test_a_parameter_that_the_estimator_refuses_leaves_the_last_weights(
    settle: Callable[..., None], refusal: Callable[[Callable[[], None]], str]
) -> None:
    settle()
    stage.main()
    settle(n_estimators=-1)

    assert "n_estimators" in refusal(stage.main)


def weights() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in NATIVE.rglob("*") if path.is_file()}
