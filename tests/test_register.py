"""The registry as a user meets it: the project's own store, and a server on PostgreSQL."""

import json
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import run
from tests.projects import dvc, generate_with_environment, make
from tests.registry import register_and_die, versions
from tests.tracking_server import tracking_server

STORES = ["the project's own", "a server on PostgreSQL"]

# Where a registration is killed: the method of MLflow's client that it never returns from.
HALF_WAY = ["log_artifacts", "log_model_artifacts", "create_model_version", "set_terminated"]

TABLE = "size,age,bought\n" + "".join(
    f"{row % 13},{row % 7},{'yes' if row % 13 > 5 else 'no'}\n" for row in range(90)
)

Trained = Callable[..., Path]
Environment = dict[str, str]


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one server for all tests of this module."""
    with tracking_server(generate_with_environment(template, tmp_path_factory.mktemp("s"))) as uri:
        yield uri


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Environment:
    """Return what a user sets to use a store."""
    if request.param == STORES[0]:
        return {}
    return {"MLFLOW_TRACKING_URI": request.getfixturevalue("server")}


def test_the_same_inputs_make_one_version_with_all_that_belongs_to_it(
    trained: Trained, store: Environment
) -> None:
    project = trained("made", "model=random_forest")
    new_inputs(project)

    first, again = (register(project, store) for _ in range(2))

    where = store.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert first.startswith("registered wine-model version ")
    assert first.endswith(f"({where})\n")
    assert again.endswith(f" is registered already ({where})\n")
    assert json.loads((project / "build/registered.json").read_text())["tracking_uri"] == where
    (version,) = versions(project, store)
    assert version["tags"]["dvc_lock_sha256"] == digest(project / "dvc.lock")
    assert version["tags"]["model_sha256"] == digest(project / "models/model.onnx")
    assert version["tags"]["dataset_sha256"] == digest(project / "data/raw/dataset.parquet")
    assert version["tags"]["git_commit"].endswith("-dirty")
    assert version["aliases"] == ["candidate"]
    assert version["status"] == "FINISHED"
    assert version["params"]["model.n_estimators"] == "100"
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert {name: version["metrics"][name] for name in metrics} == metrics
    assert version["metrics"]["macro_f1_low"] <= version["metrics"]["macro_f1"]
    assert {"reports/golden.json", "reports/plots/confusion.csv"} <= set(version["artifacts"])
    assert version["inputs"]["alcohol"] == "double"
    assert version["example"] == 9
    assert version["model_sha256"] == version["tags"]["model_sha256"]
    assert version["worst_by_frame"] < 1e-4
    assert version["worst_by_onnx"] < 1e-4


@pytest.mark.parametrize("method", HALF_WAY)
def test_a_registration_killed_half_way_is_made_good(trained: Trained, method: str) -> None:
    killed_half_way(trained("made", "model=random_forest"), method, {})


def test_a_registration_killed_half_way_is_made_good_on_a_server(
    trained: Trained, server: str
) -> None:
    store = {"MLFLOW_TRACKING_URI": server}
    killed_half_way(trained("made", "model=random_forest"), "create_model_version", store)


def killed_half_way(project: Path, method: str, store: Environment) -> None:
    new_inputs(project)
    killed = register_and_die(project, method, store)
    assert killed.returncode == -9, killed.stderr

    register(project, store)

    (version,) = versions(project, store)
    assert (version["status"], version["unfinished"]) == ("FINISHED", 0)
    assert version["worst_by_frame"] < 1e-4


def test_another_model_in_a_folder_that_moved_is_another_version(trained: Trained) -> None:
    project = trained("made", "model=random_forest")
    first = digest(project / "models/model.onnx")
    project = project.rename(project.with_name("moved"))

    done = make(project, "repro", "model=logistic_regression")

    assert done.returncode == 0, done.stderr
    assert "registered wine-model version 2" in done.stdout
    old, new = versions(project, {}, every=True)
    assert (old["version"], old["model_sha256"], old["aliases"]) == ("1", first, [])
    assert (new["version"], new["aliases"]) == ("2", ["candidate"])


def test_an_edit_that_changes_nothing_for_the_model_makes_no_other_version(
    trained: Trained,
) -> None:
    project = trained("made", "model=random_forest")
    (project / "conf/model/mine.yaml").write_text("name: mine\n")

    before = register(project, {})
    with (project / "src/pipeline/prepare.py").open("a") as code:
        code.write("# The same rows by other words.\n")
    done = make(project, "repro", "model=random_forest")

    assert " is registered already " in before
    assert "Running stage 'prepare'" in done.stdout
    assert " is registered already " in done.stdout
    assert "version 1" in done.stdout


def test_a_table_that_moved_makes_no_other_version(trained: Trained) -> None:
    project = trained("made", "model=random_forest")
    (project / "table.csv").write_text(TABLE)
    assert make(project, "onboard", "DATA=table.csv", "TARGET=bought").returncode == 0
    first = make(project, "repro", "experiment=table", "model=random_forest")
    (project / "table.csv").rename(project / "moved.csv")

    moved = make(
        project, "repro", "experiment=table", "model=random_forest", "source.path=moved.csv"
    )

    assert "registered wine-model version 2 " in first.stdout, first.stderr
    assert "Running stage 'fetch'" in moved.stdout, moved.stderr
    assert "wine-model version 2 is registered already " in moved.stdout


def test_after_a_refusal_it_says_which_setting_was_edited(trained: Trained) -> None:
    project = trained("made", "model=random_forest")
    forest = project / "conf/model/random_forest.yaml"
    forest.write_text(forest.read_text().replace("n_estimators: 100", "n_estimators: 7"))
    assert dvc(project, "repro").returncode != 0

    for target in ("register", "report"):
        assert one_line(make(project, target).stderr) == (
            "error: params.yaml: model.n_estimators is not what conf/ says (conf/ was edited "
            "since); type `make repro model=random_forest` to use the edit"
        )


def test_a_version_learns_of_the_commit_that_holds_its_inputs(trained: Trained) -> None:
    project = trained("made", "model=random_forest")  # registered, and then committed

    register(project, {})

    (version,) = versions(project, {})
    head = run(["git", "rev-parse", "HEAD"], project).stdout.strip()
    assert version["tags"]["git_commit"] == head
    assert version["tags"]["dvc_lock_sha256"] == digest(project / "dvc.lock")


def test_an_alias_names_the_version_of_the_package_and_not_one_of_the_same_model(
    trained: Trained,
) -> None:
    project = trained("made", "model=random_forest")
    digests = json.loads((project / "dist/manifest.json").read_text())["digests"]
    new_inputs(project)  # which come to the same model
    assert "version 2" in register(project, {})
    alias = ("bin/python", "-m", "tracking.alias", "dev", digests["model"])

    done = run([*alias, digests["dataset"], digests["parameters"]], project)

    assert done.stdout == "wine-model version 1 is dev in MLflow\n", done.stderr
    for other in (("sha256:0", digests["parameters"]), (digests["dataset"], "sha256:0")):
        done = run([*alias, *other], project)
        assert done.returncode == 1
        assert one_line(done.stderr).startswith(
            "error: sqlite:///mlflow.db: no version of wine-model has the model sha256:"
        )
    first, second = versions(project, {}, every=True)
    assert (first["aliases"], second["aliases"]) == (["dev"], ["candidate"])


def test_a_refused_model_is_not_registered(trained: Trained) -> None:
    project = trained("made", "model=random_forest")
    refused = make(project, "repro", "evaluation.thresholds.balanced_accuracy=0.9999")
    assert "error: refused: balanced_accuracy is " in refused.stderr

    done = make(project, "register")

    assert one_line(done.stderr).startswith(
        "error: the model is refused, so it is not registered: balanced_accuracy is "
    )
    assert versions(project, {}) == []


def test_an_unreachable_server_is_named_at_once(trained: Trained) -> None:
    project = trained("made", "model=random_forest")
    uri = "http://127.0.0.1:1"
    start = time.monotonic()

    done = run(["bin/python", "-m", "tracking.register"], project, {"MLFLOW_TRACKING_URI": uri})

    assert time.monotonic() - start < 30  # MLflow would try again for minutes
    assert (done.returncode, done.stdout) == (1, "")
    said = one_line(done.stderr)
    assert said.startswith(f"error: {uri}: the tracking server does not answer (")


def new_inputs(project: Path) -> None:
    """Tell a project from all others by a setting, in a way that leaves its lock as true as it was.

    All of them share the server.
    """
    params, lock = project / "params.yaml", project / "dvc.lock"
    mark = f"mark: {project}\n"
    params.write_text(params.read_text() + mark)
    lock.write_text(lock.read_text().replace("params.yaml:\n", f"params.yaml:\n        {mark}", 1))


def register(project: Path, store: Environment) -> str:
    """Run `make register`, which says one line and nothing else."""
    done = make(project, "register", environment=store)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return done.stdout


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def one_line(stderr: str) -> str:
    """Return the one line that the user gets; make adds one of its own."""
    (line,) = [line for line in stderr.splitlines() if not line.startswith("make: ")]
    return line
