"""A wrong setting stops with its key's path, the file it stands in, and what was expected."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from project.composing import compose
from project.errors import UserError
from project.loading import check, load
from project.settings.model import SklearnModel
from project.settings.source import BundledSource, Source

CONF = Path(__file__).parents[1] / "conf"
PROJECT = Path(__file__).parents[2]

# path of the key, its wrong value, the line
WRONG: dict[str, tuple[str, Any, str]] = {
    "an unknown key": (
        "split.test_size",
        0.2,
        "conf/config.yaml: split.test_size: no such setting",
    ),
    "an unknown group": ("splits", {}, "conf/config.yaml: splits: no such setting"),
    "an unknown key of a column": (
        "dataset.columns.ash.maximum",
        3,
        "conf/dataset/wine.yaml: dataset.columns.ash.maximum: no such setting",
    ),
    "a text for an integer": ("seed", "x", "conf/config.yaml: seed: "),
    "a fraction for an integer": ("seed", 1.5, "conf/config.yaml: seed: "),
    "a number for a text": ("dataset.title", 7, "conf/dataset/wine.yaml: dataset.title: "),
    "a negative seed": ("seed", -1, "seed: Input should be greater than or equal to 0, got -1"),
    "a share of 1.5": ("split.test_share", 1.5, "split.test_share: Input should be less than 1"),
    "an unknown type of column": (
        "dataset.columns.ash.type",
        "numbr",
        "dataset.columns.ash.type: Input should be 'number', 'boolean' or 'category', got 'numbr'",
    ),
    "an unknown bundled data set": (
        "source.name",
        "titanic",
        "conf/source/bundled.yaml: source.name: Input should be 'wine', 'iris', 'breast_cancer'",
    ),
    "an unknown kind of source": (
        "source.kind",
        "ftp",
        "source.kind: expected one of bundled, file, http, sql, got 'ftp'",
    ),
    "a source of no kind": ("source", {}, "conf/config.yaml: source.kind: missing"),
    "a model of no framework": (
        "model",
        {"name": "mine"},
        "conf/model/mine.yaml: model.framework: missing",
    ),
    "an unknown metric": (
        "evaluation.thresholds.r2",
        0.5,
        "evaluation.thresholds.r2: r2 is no metric of classification; choose from accuracy, bal",
    ),
    "a share above one": (
        "evaluation.thresholds.balanced_accuracy",
        1.5,
        "conf/evaluation/: evaluation.thresholds.balanced_accuracy: expected 0 to 1, as",
    ),
    "a negative loss": ("evaluation.thresholds.log_loss", -0.1, "log_loss: expected at least 0,"),
    "a threshold that is no number": ("evaluation.thresholds.accuracy", float("nan"), "got nan"),
    "a tolerance of anything": (
        "export.tolerance",
        float("inf"),
        "conf/config.yaml: export.tolerance: Input should be a finite number, got inf",
    ),
    "a minimum that is no number": (
        "dataset.columns.ash.min",
        float("nan"),
        "conf/dataset/wine.yaml: dataset.columns.ash.min: Input should be a finite number, got nan",
    ),
    "a host by its name": (
        "serving.host",
        "localhost",
        "serving.host: expected an IPv4 address of this machine, such as 127.0.0.1",
    ),
    "a time without end": (
        "serving.timeout_seconds",
        float("inf"),
        "serving.timeout_seconds: Input should be a finite number, got inf",
    ),
    "a hash of no column": (
        "serving.recording.hashed",
        ["age"],
        "serving.recording: age is no column",
    ),
    "a slice by no column": ("evaluation.slices", ["age"], "evaluation.slices: age is no column"),
    "a model without a classifier": ("model.classifier", None, "model: random_forest has no class"),
    "a target among the inputs": (
        "dataset.target.name",
        "ash",
        "the target ash is among the input",
    ),
    "a name that is not normalised": (
        "dataset.target.name",
        "Ash!",
        "'Ash!' is written 'ash' here",
    ),
    "one class": ("dataset.target.classes", ["0"], "dataset.target.classes: "),
    "no classes": ("dataset.target.classes", None, "target.classes is missing: name the classes"),
    "no columns": ("dataset.columns", {}, "dataset.columns: "),
    "a minimum above the maximum": (
        "dataset.columns.ash",
        {"type": "number", "min": 3, "max": 1},
        "dataset.columns.ash: min 3 is above max 1",
    ),
    "a minimum of a category": (
        "dataset.columns.ash",
        {"type": "category", "min": 3},
        "dataset.columns.ash: min and max are for numbers, this is a category",
    ),
    "values of a number": (
        "dataset.columns.ash",
        {"type": "number", "values": ["a"]},
        "dataset.columns.ash: values are for categories, this is a number",
    ),
    "a delimiter of two letters": (
        "source",
        {"kind": "file", "path": "a.csv", "delimiter": ";;", "missing": []},
        "conf/source/file.yaml: source.delimiter: ",
    ),
    "a metric without a task's meaning": ("evaluation.primary", "rmse", "rmse is no metric of"),
    "an opset of tomorrow": ("export.opset", 99, "conf/config.yaml: export.opset: "),
    "opsets the wrong way round": (
        "package.opset",
        {"oldest": 21, "newest": 9},
        "conf/config.yaml: package.opset: oldest 21 is above newest 9",
    ),
    "a runtime that nobody knows": ("package.runtime", "torch", "package.runtime: Input should be"),
    "a ModelCar on an image without its digest": (
        "package.base",
        "layouts/busybox",
        "conf/config.yaml: package.base: expected scratch, or path@sha256:… of an image in an OCI",
    ),
    "a service on an image without its digest": (
        "package.service_base",
        "python:3.11-slim",
        "conf/config.yaml: package.service_base: expected name@sha256:… with its 64 digits, got",
    ),
    "a model beyond what can be read": ("package.max_bytes", 2**31, "package.max_bytes: Input"),
    "a project's name with capitals": ("project.name", "Wine", "conf/project.yaml: project.name: "),
}


@pytest.fixture(scope="module")
def wine() -> dict[str, Any]:
    return compose(["dataset=wine", "model=random_forest"], CONF)


@pytest.mark.parametrize("case", WRONG)
def test_it_stops_at(case: str, wine: dict[str, Any]) -> None:
    path, value, expected = WRONG[case]
    settings = copy.deepcopy(wine)
    *groups, key = path.split(".")
    inner = settings
    for group in groups:
        inner = inner[group]
    inner[key] = value

    with pytest.raises(UserError) as refused:
        check(settings)

    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_it_stops_at_a_group_that_is_missing(wine: dict[str, Any]) -> None:
    settings = {group: value for group, value in wine.items() if group != "split"}

    with pytest.raises(UserError, match=r"conf/config.yaml: split: missing"):
        check(settings)


def test_a_misspelt_setting_is_named_and_not_what_is_missing_for_it(wine: dict[str, Any]) -> None:
    settings = {("seeed" if group == "seed" else group): value for group, value in wine.items()}

    with pytest.raises(UserError, match=r"conf/config.yaml: seeed: no such setting"):
        check(settings)


def test_an_estimators_own_parameters_are_let_through(wine: dict[str, Any]) -> None:
    settings = wine | {"model": wine["model"] | {"max_features": 3}}

    model = check(settings).model

    assert isinstance(model, SklearnModel)
    assert model.parameters["max_features"] == 3


def test_an_activation_that_onnx_does_not_have_is_none(wine: dict[str, Any]) -> None:
    network = yaml.safe_load((PROJECT / "conf/model/keras_mlp.yaml").read_text())

    check(wine | {"model": network})
    with pytest.raises(UserError, match=r"^conf/model/keras_mlp.yaml: model.activation: Input"):
        check(wine | {"model": network | {"activation": "gelu"}})


def test_a_stage_reads_its_own_group_alone(folder: Path) -> None:
    (folder / "params.yaml").write_text(
        "source: {kind: bundled, name: wine, path: a}\nsplit: bad\n"
    )

    assert load("source", Source) == BundledSource(kind="bundled", name="wine", path="a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "params.yaml: no such file; type: make repro"),
        ("a: [", "params.yaml: not YAML"),
        ("- a\n", "params.yaml: expected groups of settings"),
        ("seed: 1\n", "params.yaml: source: missing; type: make repro"),
    ],
    ids=["no file", "no YAML", "a list", "no such group"],
)
def test_a_params_file_is_refused_with(text: str | None, expected: str, folder: Path) -> None:
    if text is not None:
        (folder / "params.yaml").write_text(text)

    with pytest.raises(UserError) as refused:
        load("source", Source)

    assert expected in str(refused.value)
