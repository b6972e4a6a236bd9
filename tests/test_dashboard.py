"""The drift job's own commands and the dashboard's every query, on a service that really ran."""

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.golden import GOLDEN

from .conftest import commit_all, git, run
from .projects import dvc, train
from .prometheus import prometheus, pushgateway, values
from .serving import served, wait_for

# Imported by way of tools.golden, which puts the project's packages on the path.
from monitoring.rules import hastened  # isort: skip
from project.settings.evaluation import DIRECTIONS  # isort: skip

PROGRAMS = ("prometheus", "prometheus-pushgateway")
needs_programs = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"{' or '.join(PROGRAMS)} is not installed"
)
# One worker runs all of them, and the service but once.
pytestmark = pytest.mark.xdist_group("dashboard")
#: What a cluster adds to each metric of a pod, as the golden files have it.
POD = {"namespace": "wine-model-prod", "service": "wine-model", "pod": "a"}


def document(kind: str) -> dict[str, Any]:
    """Return the one document of a kind in PROD with every extra."""
    text = (GOLDEN / "prod-bento-canary.yaml").read_text(encoding="utf-8")
    (found,) = [each for each in yaml.safe_load_all(text) if each["kind"] == kind]
    return dict(found)


DASHBOARD = json.loads(document("ConfigMap")["data"]["wine-model-prod.json"])
QUERIES = {
    f"{panel['title']}, {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
} | {note["name"]: note["expr"] for note in DASHBOARD["annotations"]["list"]}


@dataclass(frozen=True)
class Watch:
    """A Prometheus that has seen a service and its drift check; job: what came of its commands."""

    url: str
    since: float
    clone: Path
    job: dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def watch(
    template: Path, shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watch]:
    """Serve, send traffic that has drifted, label it, and run the job's commands on it."""
    folder = tmp_path_factory.mktemp("watch")
    trained = train(template, shared_folder, ("model=random_forest",))
    project = Path(shutil.copytree(trained, folder / "project", symlinks=True))
    on_remotes(project, folder)
    serving = project / "dist/bento/src/serving.json"
    settings = json.loads(serving.read_text())
    serving.write_text(json.dumps(settings | {"port": 0}))  # any that is free
    since = time.time()
    with served(project) as service, pushgateway(folder) as gateway:
        scraped: list[dict[str, Any]] = [
            {
                "job_name": "wine-model",
                "static_configs": [{"targets": [service.host], "labels": POD}],
            },
            {
                "job_name": "pushgateway",
                "honor_labels": True,
                "static_configs": [{"targets": [gateway]}],
            },
        ]
        # The rules as they are, but for how often they are looked at.
        groups = hastened(document("PrometheusRule")["spec"]["groups"], 1, 1)
        with prometheus(folder, groups, scraped) as url:
            # A path has no counter before its first request, and no rate before its second scrape.
            golden = json.loads((project / "reports/golden.json").read_text())
            assert service.predict(golden["inputs"])[0] == 200
            wait_for(
                lambda: len(values(url, 'model_requests_total{path="/predict"}', since)) > 1,
                seconds=180,
            )
            traffic(project, service.url)
            clone = folder / "clone"
            job = run_job(project, clone, f"http://{gateway}", git(project, "rev-parse", "HEAD"))
            wait_for(
                lambda: values(url, "model_drift_last_run_timestamp_seconds", since), seconds=180
            )
            wait_for(lambda: values(url, 'ALERTS{alertstate="firing"}', since), seconds=180)
            yield Watch(url, since, clone, job)


def on_remotes(project: Path, folder: Path) -> None:
    """Put a project's code and data where a job finds them."""
    added = dvc(project, "remote", "add", "--default", "storage", str(folder / "remote"))
    assert added.returncode == 0, added.stderr
    commit_all(project, "Use a remote")
    pushed = dvc(project, "push", "data/reference.parquet", "models/model.onnx")
    assert pushed.returncode == 0, pushed.stderr
    git(folder, "clone", "--quiet", "--bare", str(project), "origin.git")
    git(project, "remote", "add", "origin", str(folder / "origin.git"))


def traffic(project: Path, url: str) -> None:
    """Send rows that have drifted, and put what they turned out to be where the job looks."""
    words = {"DRIFT": "shift", "ROWS": "200", "URL": url, "LABELS": "labels.csv"}
    done = run(["bin/python", "-m", "monitoring.simulate"], project, words)
    assert done.returncode == 0, done.stderr
    # As docs/monitoring.md has it, but for kubectl.
    (container,) = document("Deployment")["spec"]["template"]["spec"]["containers"]
    (claim,) = [each for each in container["volumeMounts"] if each["name"] == "predictions"]
    text = (project / "docs/monitoring.md").read_text()
    (command,) = re.findall(r"sh -c '(cd [^']*)' < march.csv", text)
    assert claim["mountPath"] in command
    subprocess.run(
        ["sh", "-c", command.replace(claim["mountPath"], "data/predictions")],
        cwd=project,
        input=(project / "labels.csv").read_bytes(),
        check=True,
    )


def run_job(
    project: Path, clone: Path, gateway: str, commit: str
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the commands of the CronJob's containers in their order, without git, as the image is."""
    programs = clone.with_name("bin")
    programs.mkdir()
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    variables = {
        "PATH": str(programs),
        "HOME": str(clone.with_name("home")),
        "SLIPWAY_PYTHON": str(project / ".venv/bin/python"),
    }
    clone.mkdir()
    done = {}
    pod = document("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        name, given = container["name"], list(container.get("args", []))
        if name == "clone":
            assert given[1] == 40 * "c"
            given = [str(clone.with_name("origin.git")), commit]
        if name == "drift":  # what is mounted
            (clone / "data/labels").parent.mkdir(exist_ok=True)
            (clone / "data/labels").symlink_to(project / "data/predictions/labels")
            told = {each["name"]: each["value"] for each in container["env"]}
            variables |= {key: told[key] for key in ("SINCE", "ENVIRONMENT")}
            variables |= {"CURRENT": str(project / "data/predictions"), "PUSHGATEWAY": gateway}
        done[name] = subprocess.run(
            [*container["command"], *given],
            cwd=clone,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
    return done


@needs_programs
def test_the_job_clones_fetches_and_judges_without_git(watch: Watch) -> None:
    assert list(watch.job) == ["clone", "fetch", "drift"]
    for name, done in watch.job.items():
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    (path,) = (watch.clone / "reports/drift").glob("*.json")
    verdict = json.loads(path.read_text())
    assert (verdict["verdict"], verdict["exit_code"]) == ("drift", 3)
    assert verdict["quality"]["labelled"] == 200


@needs_programs
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_of_the_dashboard_returns_data(query: str, watch: Watch) -> None:
    assert values(watch.url, query, watch.since)


@needs_programs
def test_what_was_pushed_makes_the_alert_fire_that_retrains(watch: Watch) -> None:
    firing = 'ALERTS{alertname="ModelDriftFound",alertstate="firing",action="retrain"}'

    assert values(watch.url, firing, watch.since)


def test_panels_have_their_own_place_and_number() -> None:
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x, y in itertools.product(
            range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
        )
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    # Each is asked: two of one name would be one among QUERIES.
    notes = DASHBOARD["annotations"]["list"]
    assert len(QUERIES) == sum(len(panel["targets"]) for panel in panels) + len(notes)
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert not re.search(r"@\w+@", json.dumps(DASHBOARD))


def test_each_metric_that_a_model_may_be_evaluated_by_is_shown() -> None:
    (query,) = [text for text in QUERIES.values() if "__name__=~" in text]
    (known,) = re.findall(r"__name__=~'model_\(([^)]*)\)'", query)

    assert set(known.split("|")) == {name for task in DIRECTIONS.values() for name in task}


def test_a_sidecar_finds_it_and_its_address_stays() -> None:
    labels = document("ConfigMap")["metadata"]["labels"]

    assert labels["grafana_dashboard"] == "1"
    assert re.fullmatch("[0-9a-f]{20}", DASHBOARD["uid"])
