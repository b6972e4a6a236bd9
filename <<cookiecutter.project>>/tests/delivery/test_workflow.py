"""What conf/workflow.yaml and dvc.yaml may say of a workflow, and what becomes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from delivery.stage_graph import read_stages
from delivery.task import keep_every_output, refuse_other_environment
from delivery.workflow import main, write_workflow
from project.errors import UserError
from project.files import sha256
from project.git import git

from ..conftest import Once

SETTINGS = Path(__file__).parents[1] / "conf/workflow.yaml"
STAGES = """
stages:
  fetch:
    cmd: fetch
    deps: [tables/raw.csv]
    outs: [data/raw]
  fit:
    foreach: [one, two]
    do:
      cmd: fit
      params: [model]
      deps: [data/raw/table.parquet]
      outs:
        - models/${item}.bin
        - reports/${item}.json: {cache: false}
  judge:
    cmd: judge
    deps: [models, reports/two.json]
    metrics:
      - reports/metrics.json: {cache: false}
"""
TRACKED = "outs: [{md5: d41d8cd98f00b204e9800998ecf8427e, path: raw.csv}]\n"

# what is edited in conf/workflow.yaml, by what, the line that refuses it
WRONG = {
    "an unknown key": ("retries:", "retry:", "defaults.retry: no such setting"),
    "a negative number": ("retries: 3", "retries: -1", "defaults.retries: Input should be greater"),
    "a duration without a unit": (
        "timeout: 1h",
        "timeout: 60",
        "defaults.timeout: Input should be",
    ),
    "a wrong duration": ("30s", "half a minute", "defaults.backoff: expected a duration, such as"),
    "a wrong quantity": (
        "memory: 1Gi",
        "memory: 1 GB",
        "defaults.requests.memory: expected a quan",
    ),
    "a wrong schedule": ('"0 3 * * 1"', "daily", "schedule.cron: expected five fields"),
    "a login without a password": (
        "git: null",
        "git: {username: {name: git, key: user}}",
        "secrets.git: expected ssh_key, or username and password",
    ),
    "an unknown stage": (
        "  train:",
        "  trian:",
        "stages.trian: dvc.yaml has no such stage; it has fetch, fit@one, fit@two, judge",
    ),
    "an unknown key of a stage": (
        "    timeout: 6h",
        "    timeouts: 6h",
        "stages.train.timeouts: no such setting",
    ),
    "no YAML": ("image:", "image: [", "not YAML"),
}


@pytest.fixture
def project(with_origin: Path, once: Once) -> Path:
    """Return a project with three kinds of stages, on remotes of git and DVC."""

    def make() -> None:
        Path(".dvc").mkdir()
        Path(".dvc/config").write_text(
            "[core]\n    remote = storage\n['remote \"storage\"']\n    url = storage\n"
        )
        Path("dvc.yaml").write_text(STAGES)
        Path("tables").mkdir()
        Path("tables/raw.csv.dvc").write_text(TRACKED)
        text = SETTINGS.read_text(encoding="utf-8")
        Path("conf/workflow.yaml").write_text(text[: text.index("stages:")] + "stages: {}\n")
        read_stages()  # DVC makes folders for itself where it opens a project

    once("stages", make)
    return with_origin


@pytest.mark.parametrize(("old", "new", "line"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named_with_its_file(
    old: str, new: str, line: str, project: Path, refusal: Callable[..., str]
) -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    assert old in text
    (project / "conf/workflow.yaml").write_text(text.replace(old, new))

    assert refusal(main).startswith(f"error: conf/workflow.yaml: {line}")


def test_what_a_cluster_could_not_find_is_refused(
    project: Path, refusal: Callable[..., str]
) -> None:
    git("remote", "remove", "origin")
    assert refusal(main).startswith("error: this project has no git remote, and a cluster must")

    config = project / ".dvc/config"
    config.write_text(config.read_text().replace("url = storage", "url = hdfs://host/storage"))
    assert refusal(main) == (
        "error: .dvc/config: hdfs is supported, but requires 'dvc-hdfs' to be installed; "
        "add it to requirements/sklearn.in and type: make lock setup"
    )

    config.write_text("")
    assert refusal(main).startswith("error: .dvc/config: no default DVC remote, ")


def test_a_name_that_two_tasks_would_have_is_refused(
    project: Path, refusal: Callable[..., str]
) -> None:
    (project / "dvc.yaml").write_text(STAGES.replace("  judge:", "  fit_one:"))

    assert refusal(main) == (
        "error: dvc.yaml: stage fit_one would be task fit-one, as is stage fit@one; "
        "give it another name"
    )


def test_tasks_follow_the_graph_as_dvc_sees_it(project: Path) -> None:
    write_workflow()

    template = read(project / "build/workflow/workflow-template.yaml")
    dag, *_ = template["spec"]["templates"]
    assert {task["name"]: task.get("dependencies") for task in dag["dag"]["tasks"]} == {
        "commit": None,
        "fetch": ["commit"],
        "fit-one": ["fetch"],
        "fit-two": ["fetch"],
        "judge": ["fit-one", "fit-two"],
    }
    arguments = {one["name"]: one["value"] for one in template["spec"]["arguments"]["parameters"]}
    lock = sha256(project / "requirements/sklearn.txt")[:12]
    assert arguments == {
        "repository": "https://git.example.org/toy.git",
        "revision": "main",
        "image": f"ghcr.io/team/toy-pipeline:{lock}",
        "overrides": "",
    }


def test_a_stage_has_what_conf_says_of_it_and_the_defaults_for_the_rest(project: Path) -> None:
    with (project / "conf/workflow.yaml").open("r+", encoding="utf-8") as file:
        text = file.read().replace("stages: {}", "stages: {judge: {timeout: 90m, retries: 0}}")
        file.seek(0)
        file.write(text)

    write_workflow()

    template = read(project / "build/workflow/workflow-template.yaml")
    made = {one["name"]: one for one in template["spec"]["templates"]}
    assert made["judge"]["activeDeadlineSeconds"] == 5400
    assert made["fetch"]["activeDeadlineSeconds"] == 3600
    assert (made["judge"]["retryStrategy"]["limit"], made["fetch"]["retryStrategy"]["limit"]) == (
        0,
        3,
    )
    assert made["judge"]["container"]["resources"] == made["fetch"]["container"]["resources"]


def test_a_project_within_a_larger_repository_is_run_where_it_lies(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "models/toy"
    inner.mkdir(parents=True)
    for path in (".dvc", "dvc.yaml", "tables", "params.yaml", "requirements", "conf"):
        (project / path).rename(inner / path)
    monkeypatch.chdir(inner)

    write_workflow()

    container = read(inner / "build/workflow/workflow-template.yaml")["spec"]["templates"][-1]
    assert container["container"]["workingDir"] == "/work/models/toy"
    assert container["container"]["command"][0] == "/work/models/toy/bin/python"


def test_a_clone_keeps_every_output_of_every_kind(project: Path) -> None:
    keep_every_output()

    text = (project / "dvc.yaml").read_text()
    assert "cache" not in text
    assert list(read(project / "dvc.yaml")["stages"]) == ["fetch", "fit", "judge"]
    assert "no_scm = true" in (project / ".dvc/config.local").read_text()


def test_an_image_with_another_environment_is_refused(project: Path) -> None:
    with pytest.raises(UserError, match=r"not the environment that requirements/skl"):
        refuse_other_environment()


def read(path: Path) -> dict[str, dict[str, list[dict[str, dict[str, object]]]]]:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
