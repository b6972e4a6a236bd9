"""conf/ is composed into params.yaml, and a bare `dvc repro` notices when the two part."""

import importlib.util
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from project import params
from project.composing import compose
from project.errors import UserError
from project.loading import read_params
from project.overrides import recorded_overrides
from project.params import write

from ..conftest import Once

CONF = Path(__file__).parents[1] / "conf"
PROJECT = Path(__file__).parents[2]

REFUSED = {
    "a model that does not exist": (
        "model=randomforest",
        "conf/model/randomforest.yaml does not exist; choose from",
    ),
    "a data set that does not exist": (
        "dataset=titanic",
        "conf/dataset/titanic.yaml does not exist; choose from",
    ),
    "an experiment that does not exist": (
        "experiment=mine",
        "conf/experiment/mine.yaml does not exist; choose from",
    ),
    "a group that does not exist": ("modle=elasticnet", "modle: no such setting in conf/"),
    "a setting of Hydra's own": ("hydra.verbose=true", "hydra.verbose=true: settings of Hydra it"),
    "a key that does not exist": ("split.test_size=0.3", "split.test_size: no such setting"),
    "a parameter that is not in the file": (
        "model.max_features=3",
        "or add a parameter with +model.max_features=…",
    ),
    "a model without a name": ("model=", "model=: expected a file of conf/model/; choose"),
    "no model": ("model=null", "model=null: expected a file of conf/model/; choose from elastic"),
    "a value of another type": ("seed=many", "error: seed=many on the command line: Input should"),
    "a value out of range": ("split.test_share=2", "error: split.test_share=2 on the command line"),
    "a value out of range within a dictionary": (
        "split={test_share:2,reference_rows:1}",
        "error: split={test_share:2,reference_rows:1} on the command line: split.test_share: Input",
    ),
    "a model that has no part for the task": (
        "model=elasticnet",
        "error: model=elasticnet on the command line: elasticnet has no classifier, and wine is a "
        "classification; choose another model",
    ),
    "a parameter of another type": (
        "model.n_estimators=abc",
        "error: model.n_estimators=abc on the command line: must be an int in the range [1, inf). "
        "Got 'abc' instead",
    ),
    "a parameter that the estimator does not have": (
        "+model.trees=3",
        "error: +model.trees=3 on the command line: sklearn.ensemble.RandomForestClassifier has no "
        "such parameter",
    ),
    "an estimator that does not exist": (
        "model.classifier=sklearn.ensemble.RandomForrest",
        "error: model.classifier=sklearn.ensemble.RandomForrest on the command line: "
        "sklearn.ensemble.RandomForrest cannot be made",
    ),
    "a source without its path": (
        "source=file",
        "source.path: has no value; give one: make repro source=file source.path=…",
    ),
    "several values": (
        "model=elasticnet,random_forest",
        "a run has one; for several: dvc exp run --queue -S model=elasticnet,random_forest",
    ),
    "a fraction with a comma": (
        "split.test_share=0,3",
        "-S split.test_share=0,3, and a fraction has a point: split.test_share=0.3",
    ),
    "a file that is not there": (
        "experiment=wine_quality",
        "or say where it is: make repro experiment=wine_quality source.path=…",
    ),
    "what is no override": ("dataset.columns={", "dataset.columns={: expected key=value"),
}


@pytest.fixture
def project(folder: Path) -> Path:
    """Work in a folder that has settings."""
    shutil.copytree(CONF, folder / "conf")
    return folder


@pytest.fixture
def composed(project: Path, once: Once) -> Path:
    """Work where they were composed."""
    once("composed", lambda: write([]))
    return project


def test_params_are_written_once_and_remember_their_overrides(project: Path) -> None:
    assert write(["model.n_estimators=7", "dataset=iris"])
    assert not write(["model.n_estimators=7", "dataset=iris"])

    text = (project / "params.yaml").read_text()
    assert recorded_overrides(text) == ["model.n_estimators=7", "dataset=iris"]
    assert yaml.safe_load(text)["model"]["n_estimators"] == 7
    params.check_agreement()


def test_classes_that_look_like_something_else_stay_texts(project: Path) -> None:
    write(["dataset.target.classes=['1e5','no','0o7']"])

    assert read_params()["dataset"]["target"]["classes"] == ["1e5", "no", "0o7"]


def test_an_edit_in_conf_is_noticed(
    project: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["dataset=iris"])
    config = project / "conf/config.yaml"
    config.write_text(re.sub(r"seed: \d+", "seed: 77", config.read_text()))
    monkeypatch.setattr("sys.argv", ["params", "--check"])

    assert (
        "seed is not what conf/ says (conf/ was edited since); type `make repro dataset=iris`"
        in (refusal(params.main))
    )


CONFIG = "conf/config.yaml"
FOREST = "conf/model/random_forest.yaml"
TYPED = ["model=random_forest", "model.n_estimators=7", "model.max_depth=3"]
HIDDEN = {
    "another experiment": (
        ["experiment=null", "dataset=iris"],
        (CONFIG, "- experiment: null", "- experiment: wine_quality"),
        "composed with experiment=null, while conf/ was edited from experiment=null to "
        "experiment=wine_quality; type `make repro` to use the edit, or "
        "`make repro experiment=null dataset=iris` to keep to what was typed",
    ),
    "another model": (
        TYPED,
        (CONFIG, "- model: random_forest", "- model: logistic_regression"),
        "from model=random_forest to model=logistic_regression;",
    ),
    "the value that was overridden": (
        TYPED,
        (FOREST, "n_estimators: 100", "n_estimators: 200"),
        "from model.n_estimators=100 to model.n_estimators=200;",
    ),
    "what had no value": (
        TYPED,
        (FOREST, "max_depth: null", "max_depth: 5"),
        "from model.max_depth=null to model.max_depth=5;",
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_an_edit_that_an_override_hides_is_noticed(
    case: str,
    project: Path,
    once: Once,
    refusal: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    overrides, (file, old, new), expected = HIDDEN[case]
    monkeypatch.setattr("sys.argv", ["params", "--check"])

    def typed() -> None:
        write(overrides)
        params.main()  # has nothing to complain of before the edit

    once(f"typed {overrides}", typed)
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))

    assert expected in refusal(params.main)


def test_an_override_that_is_typed_again_is_kept_to(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["seed=5"])
    config = project / CONFIG
    config.write_text(re.sub(r"seed: \d+", "seed: 77", config.read_text()))

    assert write(["seed=5"])

    monkeypatch.setattr("sys.argv", ["params", "--check"])
    params.main()
    assert read_params()["seed"] == 5


def test_a_wrong_value_in_conf_is_not_blamed_on_the_command_line(project: Path) -> None:
    forest = project / "conf/model/random_forest.yaml"
    forest.write_text(forest.read_text().replace("scale: false", "scale: 3"))

    with pytest.raises(
        UserError, match=r"^conf/model/random_forest.yaml: model.preprocessing.scale"
    ):
        compose(["model=random_forest"])


@pytest.mark.parametrize(("group", "name"), [("model", "elasticnet"), ("dataset", "iris")])
def test_a_copy_that_says_another_name_is_refused(group: str, name: str, project: Path) -> None:
    folder = project / "conf" / group
    shutil.copy(folder / f"{name}.yaml", folder / "mine.yaml")
    words = ["experiment=wine_quality", "source.path=a.csv"] * (group == "model")

    with pytest.raises(UserError) as refused:
        compose([*words, f"{group}=mine"])

    expected = f"conf/{group}/mine.yaml: {group}.name: expected mine, as the file is called"
    assert str(refused.value) == expected


def test_a_file_of_settings_that_is_not_utf8_is_named(project: Path) -> None:
    (project / "conf/dataset/wine.yaml").write_bytes("title: Größe\n".encode("latin-1"))

    with pytest.raises(UserError, match=r"^conf/dataset/wine.yaml: not UTF-8; save it so$"):
        compose([])


def test_a_wrong_parameter_in_conf_is_refused_before_anything_is_written(
    composed: Path, refusal: Callable[..., str]
) -> None:
    forest = composed / "conf/model/random_forest.yaml"
    forest.write_text(forest.read_text().replace("n_estimators: 100", "n_estimators: many"))

    line = refusal(lambda: write([]))

    assert line.startswith("error: conf/model/random_forest.yaml: model.n_estimators: must be an")


def test_an_estimator_without_a_converter_is_refused_before_anything_is_written(
    composed: Path, refusal: Callable[..., str]
) -> None:
    (composed / "conf/model/mine.yaml").write_text(
        "name: mine\nframework: sklearn\nclassifier: sklearn.dummy.DummyClassifier\n"
        "regressor: null\npreprocessing: {impute: median, scale: false}\n"
    )

    line = refusal(lambda: write(["model=mine"]))

    assert line == (
        "error: conf/model/mine.yaml: model.classifier: DummyClassifier has no ONNX converter; "
        "choose another estimator"
    )


def test_a_network_without_tensorflow_is_refused_before_anything_is_written(
    composed: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(CONF.parents[1] / "conf/model/keras_mlp.yaml", composed / "conf/model")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "tensorflow" else find(name)
    )

    line = refusal(lambda: write(["model=keras_mlp"]))

    assert line == (
        "error: model=keras_mlp needs TensorFlow, which is not installed; type: make keras"
    )


@pytest.mark.parametrize("spoilt", ["<<<<<<< HEAD\n{0}=======\n{0}>>>>>>> theirs\n", "model: x\n"])
def test_params_that_are_spoilt_are_composed_anew(spoilt: str, composed: Path) -> None:
    whole = Path("params.yaml").read_text()
    Path("params.yaml").write_text(spoilt.format(whole))

    assert write([])

    assert Path("params.yaml").read_text() == whole


@pytest.mark.parametrize("default", ["null", "wine_quality"])
@pytest.mark.parametrize("nothing", ["experiment=null", "experiment="])
def test_a_default_experiment_can_be_left_out(default: str, nothing: str, project: Path) -> None:
    config = project / "conf/config.yaml"
    config.write_text(config.read_text().replace("experiment: null", f"experiment: {default}"))

    assert compose([nothing])["dataset"]["name"] == "wine"


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(
    case: str, composed: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    override, expected = REFUSED[case]
    monkeypatch.setattr("sys.argv", ["params", override])

    assert expected in refusal(params.main)


def test_a_parameter_of_another_model_is_refused_with_those_of_this(composed: Path) -> None:
    with pytest.raises(
        UserError,
        match=r"^model.n_estimators: keras_mlp has no such setting; choose from model.hid",
    ):
        compose(["model=keras_mlp", "model.n_estimators=300"], PROJECT / "conf")


def test_a_file_that_dvc_tracks_is_asked_of_dvc(project: Path, refusal: Callable[..., str]) -> None:
    (project / "wines.csv.dvc").write_text("outs: []\n")

    line = refusal(lambda: params.refuse_missing_source({"kind": "file", "path": "wines.csv"}, []))

    assert "wines.csv is not here, but DVC tracks it; type: dvc pull" in line
