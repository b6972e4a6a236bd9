"""Each model goes from raw columns to one ONNX graph, for each task and kind of column."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, run
from .customers import write_customers
from .projects import make

WINES = ROOT.parent / "shared" / "data" / "winequality-red.csv"
MIXED = ["keras_mlp", "random_forest", "hist_gradient_boosting", "logistic_regression"]
NUMBERS = ["elasticnet", "random_forest", "hist_gradient_boosting"]
#: Estimators beyond our files in conf/model/: a name on the command line is enough.
OTHERS = [
    "sklearn.ensemble.ExtraTreesClassifier",
    "sklearn.neural_network.MLPClassifier",
    "sklearn.ensemble.GradientBoostingClassifier",
]
# Loads the graph as any runtime would: all it knows is the file.
PREDICT = """
import json, sys, numpy, onnxruntime
session = onnxruntime.InferenceSession("models/model.onnx", providers=["CPUExecutionProvider"])
row = json.loads(sys.argv[1])
kinds = {"tensor(float)": numpy.float32, "tensor(string)": object}
feed = {i.name: numpy.array([[row[i.name]]], kinds[i.type]) for i in session.get_inputs()}
label, probabilities = session.run(["label", "probabilities"], feed)
print(json.dumps({"label": label[0], "probabilities": probabilities[0].tolist()}))
"""
# One row in ten is a yes, and nothing tells which: prints how probable a network thinks it is, with
# and without weights, and after how many steps without progress it stops.
WEIGHTS = """
import sys, tempfile, numpy, pyarrow, yaml
from pathlib import Path
from pipeline import keras_model
from project.settings.model import KerasModel
from project.tables import Contract
contract = Contract(dataset="d", task="classification", target="y", classes=["no", "yes"],
                    columns={"a": "number"}, sources={"a": "a"})
table = pyarrow.table({"a": [float(row % 7) for row in range(400)],
                       "y": ["no" if row % 10 else "yes" for row in range(400)]})
settings = yaml.safe_load(Path("conf/model/keras_mlp.yaml").read_text())
for weight in (None, "balanced"):
    with tempfile.TemporaryDirectory() as folder:
        model = KerasModel(**settings | {"class_weight": weight, "epochs": 9})
        keras_model.train(table, contract, model, 1, Path(folder))
        inputs = {"a": numpy.arange(7, dtype=numpy.float32)}
        print(keras_model.predict(Path(folder), inputs, contract)[:, 1].mean())
with tempfile.TemporaryDirectory() as folder:
    model = KerasModel(**settings | {"patience": 2, "epochs": 200})
    curves = keras_model.train(table, contract, model, 1, Path(folder))
    print(len(curves), min(range(len(curves)), key=lambda step: curves[step]["validation"]) + 1)
"""


def test_every_classifier_takes_mixed_columns(
    tmp_path: Path, generated: Callable[..., Path]
) -> None:
    project, table = generated(), write_customers(tmp_path / "customers.csv")
    onboarded = make(project, "onboard", f"DATA={table}", "TARGET=end")
    assert onboarded.stdout.rstrip().endswith("make repro experiment=customers")

    for model in MIXED:
        done = make(project, "repro", "experiment=customers", f"model={model}")

        assert done.returncode == 0, f"{model}: {done.stdout}{done.stderr}"
        assert "WARNING" not in done.stdout + done.stderr, model
        assert report(project, "parity")["rows_beyond_tolerance"] == 0
        assert report(project, "evaluation")["metrics"]["roc_auc"]["value"] > 0.85, model
        answer = predict(project, {"age_years": float("nan"), "citta": "Z", "member": 1.0})
        assert answer["label"] in ("yes", "no"), "a category that train has not seen"
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("model", NUMBERS)
def test_regression_of_the_wine_qualities(model: str, trained: Callable[..., Path]) -> None:
    if not WINES.exists():
        pytest.skip(f"{WINES.name} is not on this machine")

    project = trained("wines", "experiment=wine_quality", f"model={model}", f"source.path={WINES}")

    evaluation = report(project, "evaluation")
    assert (evaluation["verdict"], evaluation["task"]) == ("passed", "regression")
    assert report(project, "parity")["rows_beyond_tolerance"] == 0
    assert evaluation["metrics"]["r2"]["value"] > 0.25


def test_regression_by_keras(trained: Callable[..., Path]) -> None:
    project = trained("progression", "dataset=diabetes", "model=keras_mlp")

    assert report(project, "parity")["rows_beyond_tolerance"] == 0
    assert report(project, "evaluation")["metrics"]["r2"]["value"] > 0.3
    curves = (project / "reports/curves.csv").read_text().splitlines()
    assert curves[0] == "step,train,validation"
    assert len(curves) > 3


def test_class_weights_let_a_rare_class_count_as_much_and_no_progress_ends_training(
    generated: Callable[..., Path],
) -> None:
    done = run(["bin/python", "-c", WEIGHTS], generated())

    plain, balanced, *steps = (float(word) for word in done.stdout.split() if word[0].isdigit())
    assert plain < 0.2, done.stderr
    assert 0.4 < balanced < 0.6, done.stderr
    last, best = steps[-2:]
    assert last == best + 2 < 200


@pytest.mark.parametrize("dataset", ["iris", "breast_cancer", "digits"])
def test_every_bundled_classification_passes(dataset: str, trained: Callable[..., Path]) -> None:
    project = trained(dataset, f"dataset={dataset}", "model=random_forest")

    assert report(project, "evaluation")["verdict"] == "passed"


def test_an_estimator_needs_no_code(generated: Callable[..., Path]) -> None:
    project = generated()
    for estimator in OTHERS:
        (project / "conf/model/own.yaml").write_text(
            f"name: own\nframework: sklearn\nclassifier: {estimator}\nregressor: null\n"
            "preprocessing: {impute: median, scale: false}\n"
        )

        done = make(project, "repro", "model=own", "evaluation.thresholds.balanced_accuracy=0.5")

        assert "ONNX agrees with the native model" in done.stdout, done.stdout + done.stderr
        assert "reports/index.html: open it" in done.stdout, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr


def test_a_refused_model_is_reported_and_not_registered(trained: Callable[..., Path]) -> None:
    project = trained("refused", "model=random_forest", "evaluation.thresholds.accuracy=0.999")

    again = make(project, "repro", "model=random_forest", "evaluation.thresholds.accuracy=0.999")
    register = make(project, "register")

    assert report(project, "evaluation")["verdict"] == "refused"
    assert again.returncode == 2
    assert "error: refused: accuracy is 0.9778, must be at least 0.999" in again.stderr
    assert register.returncode == 2
    assert "accuracy is 0.9778" in register.stderr
    assert not (project / "mlflow.db").exists()
    assert "Refused" in (project / "reports/index.html").read_text()


def report(project: Path, name: str) -> Any:
    return json.loads((project / "reports" / f"{name}.json").read_text())


def predict(project: Path, row: dict[str, object]) -> Any:
    python = str(project / "bin/python")
    return json.loads(
        subprocess.check_output([python, "-c", PREDICT, json.dumps(row)], cwd=project)
    )
