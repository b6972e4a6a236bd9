"""`make argocd`: from a folder of desired state to what a cluster is given, all of it rendered."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .argo_cd import applications, generated_files, kind_of, manifests, permitted
from .conftest import commit_all, git, run
from .manifests import needs_schemas, validate
from .projects import make

ENVIRONMENTS = ("dev", "test", "prod")
DIGEST = f"sha256:{64 * 'a'}"
# The desired state of a package in each environment, by the project's own code.
STATE = """
import json, sys
from delivery.chart_values import Facts, chart_values
from delivery.environments import load_environment, namespace
from delivery.repository import chart_source, code_repository

def state(model, name):
    facts = Facts(model, "aaaaaaaaaaaa", sys.argv[1], f"ghcr.io/team/{model}", commit=40 * "c")
    config = {"model": model, "environment": name, "digest": sys.argv[1]}
    config |= {"repository": code_repository(), "chart": chart_source()}
    values = chart_values(name, load_environment(name), facts)
    return {"config": config, "values": values, "namespace": namespace(name, model)}

models = sys.argv[2:]
names = ("dev", "test", "prod")
print(json.dumps({f"{name}/{model}": state(model, name) for model in models for name in names}))
"""
ALL = {
    "autoscaling": {"enabled": True},
    "route": {"enabled": True},
    "monitoring": {"enabled": True, "rules": {"enabled": True}, "dashboard": {"enabled": True}},
    "networkPolicy": {"enabled": True},
    "secrets": {"enabled": True, "data": [{"variable": "TOKEN", "key": "t", "property": "p"}]},
    "canary": {"enabled": True, "weight": 20, "model": {"digest": DIGEST, "version": "b"}},
}
#: What the Bento alone has, as it records predictions.
RECORDED = {
    "predictions": {"enabled": True, "claim": "predictions"},
    "drift": {"enabled": True, "image": "ghcr.io/x:1", "repository": "https://x.example.org/x.git"},
}

Generated = Callable[..., Path]
State = dict[str, Any]


@needs_schemas
def test_a_project_is_rendered_from_its_branch_to_valid_manifests(
    generated: Generated, tmp_path: Path
) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model")
    put(project, state)
    emitted = argocd(project)

    made = rendered(emitted, tmp_path)

    assert {one["metadata"]["name"] for one, _ in made} == {
        f"wine-model-{environment}" for environment in ENVIRONMENTS
    }
    for application, documents in made:
        environment = application["metadata"]["labels"]["slipway.io/environment"]
        assert permitted(application, emitted[f"{environment}-project"])
        expected = state[f"{environment}/wine-model"]["namespace"]
        assert application["spec"]["destination"]["namespace"] == expected
        assert {document["metadata"]["namespace"] for document in documents} == {expected}
        synchronised = application["spec"]["syncPolicy"].get("automated")
        assert synchronised == (
            None if environment == "prod" else {"prune": True, "selfHeal": True}
        )
    documents = [document for one, documents in made for document in (one, *documents)]
    assert validated(documents, tmp_path) == len(documents)
    assert validate(project / "build/argocd") == 7


def test_a_project_has_the_rights_that_its_chart_needs_and_no_more(
    generated: Generated, tmp_path: Path
) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model")
    for environment, runtime in zip(ENVIRONMENTS, ("bento", "kserve", "kserve"), strict=True):
        extras = ALL if environment != "prod" else {**ALL, "canary": {"enabled": False}}
        extras = {**extras, **RECORDED} if runtime == "bento" else extras
        state[f"{environment}/wine-model"]["values"] |= {"runtime": runtime, **extras}
    put(project, state)
    emitted = argocd(project)

    made = rendered(emitted, tmp_path)

    needed = {kind_of(document) for _, documents in made for document in documents}
    for environment in ENVIRONMENTS:
        allowed = emitted[f"{environment}-project"]["spec"]["namespaceResourceWhitelist"]
        assert {(one["group"], one["kind"]) for one in allowed} == needed


def test_what_a_file_claims_changes_neither_environment_nor_model(
    generated: Generated, tmp_path: Path
) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model")
    intruder = state["test/wine-model"]
    intruder["config"] |= {"environment": "prod", "model": "other"}
    intruder["config"]["path"] = {"path": "prod/other", "segments": ["prod", "other"]}
    intruder["values"] |= {"environment": "prod", "name": "other"}
    put(project, state)
    put(project, {"dev/wine-model/deeper": state["dev/wine-model"]})
    emitted = argocd(project)

    made = {
        one["metadata"]["name"]: (one, documents) for one, documents in rendered(emitted, tmp_path)
    }

    assert set(made) == {f"wine-model-{environment}" for environment in ENVIRONMENTS}
    application, documents = made["wine-model-test"]
    assert application["spec"]["project"] == "wine-model-test"
    assert application["spec"]["destination"]["namespace"] == "wine-model-test"
    for document in documents:
        assert document["metadata"]["labels"]["slipway.io/environment"] == "test"
        assert document["metadata"]["name"].startswith("wine-model")

    intruder["config"]["repository"] = "https://git.example.org/elsewhere.git"
    put(project, state)
    application_set = emitted["test-applications"]
    files = generated_files(application_set["spec"]["generators"][0]["git"])
    (application,) = applications(application_set, files, tmp_path)
    assert not permitted(application, emitted["test-project"])


def test_a_model_without_a_repository_to_clone_is_in_nobodys_way(
    generated: Generated, tmp_path: Path
) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model", "beer-model")
    del state["dev/beer-model"]["config"]["repository"]
    put(project, state)
    application_set = argocd(project)["dev-applications"]
    files = generated_files(application_set["spec"]["generators"][0]["git"])

    made = applications(application_set, files, tmp_path)

    cloned = {one["metadata"]["name"]: one["spec"]["sources"][0]["repoURL"] for one in made}
    origin = git(project, "remote", "get-url", "origin")
    assert cloned == {"beer-model-dev": "", "wine-model-dev": origin}


@needs_schemas
def test_a_fleet_shares_one_repository(generated: Generated, tmp_path: Path) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model", "beer-model")
    git(tmp_path, "init", "--quiet", "--bare", "fleet.git")
    put(project, state, tmp_path / "fleet.git")

    emitted = argocd(project, GITOPS_REPO=str(tmp_path / "fleet.git"))
    made = rendered(emitted, tmp_path)

    assert len(made) == 6
    for application, _ in made:
        environment = application["metadata"]["labels"]["slipway.io/environment"]
        assert application["spec"]["project"] == f"fleet-{environment}"
        assert permitted(application, emitted[f"{environment}-project"])
    documents = [document for one, documents in made for document in (one, *documents)]
    assert validated(documents, tmp_path) == len(documents)


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not here")
def test_only_the_weights_that_a_rollout_moves_are_ignored(
    generated: Generated, tmp_path: Path
) -> None:
    project, state = on_git(generated(), tmp_path, "wine-model")
    state["dev/wine-model"]["values"] |= {"runtime": "bento", **ALL, **RECORDED}
    state["test/wine-model"]["values"] |= {"runtime": "kserve", **ALL}
    put(project, state)

    made = rendered(argocd(project), tmp_path)

    left = {}
    for application, documents in made:
        (ignored,) = application["spec"]["ignoreDifferences"]
        (path,) = ignored["jqPathExpressions"]
        (route,) = [one for one in documents if kind_of(one) == (ignored["group"], ignored["kind"])]
        done = subprocess.run(  # as Argo CD does to both sides before it compares them
            ["jq", f"del({path})"],
            input=json.dumps(route),
            capture_output=True,
            text=True,
            check=True,
        )
        backends = json.loads(done.stdout)["spec"]["rules"][0]["backendRefs"]
        left[application["metadata"]["name"]] = [one.get("weight") for one in backends]
    assert left["wine-model-dev"] == [None, None]
    assert left["wine-model-test"] == [80, 20]


def condition(kind: str, status: str) -> dict[str, str]:
    return {"type": kind, "status": status, "message": f"{kind} is {status}"}


#: What KServe says of an InferenceService in Standard mode, and what Argo CD is to make of it.
HEALTH: dict[str, tuple[dict[str, Any] | None, str]] = {
    "not looked at": (None, "Progressing"),
    "ready, with a condition for what it is not": (
        {"conditions": [condition("Stopped", "False"), condition("Ready", "True")]},
        "Healthy",
    ),
    "ready, before the last change": (
        {"observedGeneration": 1, "conditions": [condition("Ready", "True")]},
        "Progressing",
    ),
    "starting": (
        {
            "conditions": [condition("PredictorReady", "False"), condition("Ready", "False")],
            "modelStatus": {"transitionStatus": "InProgress"},
        },
        "Progressing",
    ),
    "unable to load the model": (
        {
            "conditions": [condition("Ready", "False")],
            "modelStatus": {"transitionStatus": "BlockedByFailedLoad"},
        },
        "Degraded",
    ),
    "stopped": ({"conditions": [condition("Stopped", "True")]}, "Suspended"),
}


@pytest.mark.skipif(not shutil.which("lua5.1"), reason="lua5.1 is not here")
@pytest.mark.parametrize(("status", "health"), HEALTH.values(), ids=HEALTH)
def test_the_health_of_an_inference_service(
    status: dict[str, Any] | None, health: str, template: Path, tmp_path: Path
) -> None:
    script = template / "<<cookiecutter.project>>/deploy/argocd/inference-service.lua"
    check = tmp_path / "check.lua"
    obj = {"metadata": {"generation": 2}, "status": status}
    check.write_text(
        f"obj = {lua(obj)}\nlocal function check()\n{script.read_text()}\nend\n"
        "local found = check()\nprint(found.status)\nassert(type(found.message) == 'string')\n"
    )

    done = run(["lua5.1", str(check)], tmp_path)

    assert (done.stdout, done.stderr) == (f"{health}\n", "")


def lua(value: Any) -> str:
    """Write JSON as a table of Lua."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'[{lua(key)}] = {lua(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"{{{', '.join(map(lua, value))}}}"
    return "nil" if value is None else json.dumps(value)


def on_git(project: Path, tmp_path: Path, *models: str) -> tuple[Path, State]:
    """Give a project a git remote, a folder; return the desired state of some models too."""
    git(tmp_path, "clone", "--quiet", "--bare", str(project), "origin.git")
    git(project, "remote", "add", "origin", str(tmp_path / "origin.git"))
    return project, desired_state(project, *models)


def desired_state(project: Path, *models: str) -> State:
    """Return what a project, all committed, would have run in each environment."""
    done = run(["bin/python", "-c", STATE, DIGEST, *models], project)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def put(project: Path, state: State, repository: Path | None = None) -> None:
    """Commit desired state to the branch gitops of the project's remote, or of another one."""
    remote = str(repository or git(project, "remote", "get-url", "origin"))
    clone = project.parent / "state"
    if not clone.exists():
        git(project.parent, "init", "--quiet", "--initial-branch=gitops", str(clone))
    for folder, files in state.items():
        (clone / folder).mkdir(parents=True, exist_ok=True)
        for name in ("config", "values"):
            (clone / folder / f"{name}.yaml").write_text(yaml.safe_dump(files[name]))
    commit_all(clone, "State")
    git(clone, "push", "--quiet", remote, "gitops")


def argocd(project: Path, **environment: str) -> dict[str, Any]:
    """Run `make argocd` and read what it wrote."""
    done = make(project, "argocd", environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    files = (project / "build/argocd").glob("*.yaml")
    return {path.stem: yaml.safe_load(path.read_text()) for path in files}


def rendered(emitted: dict[str, Any], tmp_path: Path) -> list[tuple[Any, list[Any]]]:
    """Return each Application that the ApplicationSets make, with its manifests."""
    made = []
    for environment in ENVIRONMENTS:
        application_set = emitted[f"{environment}-applications"]
        files = generated_files(application_set["spec"]["generators"][0]["git"])
        for application in applications(application_set, files, tmp_path):
            made.append((application, manifests(application, tmp_path / "charts")))
    return made


def validated(documents: list[Any], tmp_path: Path) -> int:
    """Validate documents strictly; return how many there are."""
    for application in (one for one in documents if one["kind"] == "Application"):
        application["metadata"]["namespace"] = "argocd"
    path = tmp_path / "rendered.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return validate(path)
