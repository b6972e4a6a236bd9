"""The chart for every environment, runtime and canary: as kept, valid, and strict."""

import copy
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.golden import CASES, CHART, GOLDEN, RECORDED, STABLE, file_name, rendered, values

from .manifests import needs_schemas, validate

# Imported by way of tools.golden, which puts the project's packages on the path.
from delivery.chart_readme import EXAMPLE  # isort: skip
from delivery.helm import lint, render  # isort: skip
from delivery.requirements import requirements  # isort: skip
from project.errors import UserError  # isort: skip

IDS = [file_name(*case).removesuffix(".yaml") for case in CASES]
CANARIES = [case for case in CASES if case[2]]

REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "a value that is none": ({"replica": 3}, "replica: no such value, or none that may be set"),
    "a value that is none, further down": (
        {"route": {"host": "wine.example.org"}},
        "route.host: no such value",
    ),
    "text for a number": ({"replicas": "3"}, "replicas: got string, want integer"),
    "no pods": ({"replicas": 0}, "replicas: minimum: got 0, want 1"),
    "another runtime": ({"runtime": "mlserver"}, "runtime: value must be one of 'bento', 'kserve'"),
    "a tag for a digest": (
        {"model": {"digest": "latest"}},
        "model.digest: 'latest' does not match",
    ),
    "no digest": ({"model": {"digest": ""}}, "model.digest: missing"),
    "no image": ({"image": {"digest": "", "tag": ""}}, "image.digest: missing, and image.tag too"),
    "a label that selects pods": (
        {"podLabels": {"app.kubernetes.io/name": "other"}},
        "app.kubernetes.io/name: no such value, or none that may be set",
    ),
    "a canary without a route": (
        {"canary": {"enabled": True}, "route": {"enabled": False}},
        "route.enabled: expected true",
    ),
    "an analysis without metrics": (
        {"canary": {"enabled": True}, "monitoring": {"enabled": False}},
        "monitoring.enabled: expected true",
    ),
    "a canary of KServe without weight": (
        {"runtime": "kserve", "canary": {"enabled": True, "model": {"digest": STABLE}}},
        "canary.weight: missing",
    ),
    "more than all requests": (
        {"canary": {"enabled": True, "weight": 101}},
        "canary.weight: maximum: got 101, want 100",
    ),
    "a pod killed too early": (
        {"termination": {"gracePeriodSeconds": 20}},
        "termination.gracePeriodSeconds: expected more than preStopSeconds and drainSeconds",
    ),
    "an objective that nothing reaches": (
        {"monitoring": {"rules": {"availability": 1}}},
        "monitoring.rules.availability: exclusiveMaximum",
    ),
    "a bound that the histogram has no step for": (
        {"monitoring": {"rules": {"latencySeconds": "0.3"}}},
        "monitoring.rules.latencySeconds: value must be one of '0.0005', '0.001'",
    ),
    "drift of what nobody records": (
        {"runtime": "kserve", **RECORDED},
        "drift.enabled: expected false, as runtime kserve records no predictions",
    ),
    "drift of what goes with its pod": (
        {**RECORDED, "predictions": {"claim": ""}},
        "predictions.claim: missing: drift.enabled looks at what pods have kept there",
    ),
    "drift without an image": ({**RECORDED, "drift": {"enabled": True}}, "drift.image: missing"),
    "drift against no commit's reference": (
        {**RECORDED, "model": {"commit": ""}},
        "drift.enabled: expected a package whose provenance names its commit",
    ),
    "a repository by ssh, which the image cannot": (
        {"drift": {"repository": "git@github.com:ada/wine.git"}},
        "drift.repository: 'git@github.com:ada/wine.git' does not match",
    ),
    "fewer pods at most than at least": (
        {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 2}},
        "autoscaling.minReplicas: expected at most maxReplicas, got 3",
    ),
}


def documents(case: tuple[str, str, bool]) -> dict[str, Any]:
    """Return the documents of a case by kind and name."""
    parsed = yaml.safe_load_all(rendered(values(*case)))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in parsed}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_chart_renders_what_is_kept(case: tuple[str, str, bool]) -> None:
    kept = (GOLDEN / file_name(*case)).read_text(encoding="utf-8")

    assert rendered(values(*case)) == kept, "if it should: make golden, and read the diff"


def test_no_file_is_kept_of_a_case_that_is_gone() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {file_name(*case) for case in CASES}


@needs_schemas
def test_each_document_is_valid() -> None:
    assert validate(GOLDEN) > 5 * len(CASES)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_lint_is_clean(case: tuple[str, str, bool]) -> None:
    lint(values(*case), CHART)


@pytest.mark.skipif(not shutil.which("helm"), reason="helm is not installed")
def test_both_engines_render_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    by_helm = [rendered(values(*case)) for case in CASES]

    monkeypatch.setenv("PATH", "")

    assert [rendered(values(*case)) for case in CASES] == by_helm


def test_lint_finds_what_is_wrong(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    (chart / "templates/wrong.yaml").write_text("a: b: c\n")

    with pytest.raises(UserError, match="unable to parse YAML"):
        lint(EXAMPLE, chart)


@pytest.mark.parametrize(("change", "line"), REFUSALS.values(), ids=REFUSALS.keys())
def test_wrong_values_are_refused_by_name(change: dict[str, Any], line: str) -> None:
    chosen = copy.deepcopy(values("prod", "bento", False))
    for key, value in change.items():
        merged = isinstance(value, dict) and isinstance(chosen.get(key), dict)
        chosen[key] = {**chosen[key], **value} if merged else value

    with pytest.raises(UserError) as refused:
        rendered(chosen)

    assert str(refused.value).startswith(line)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_pods_may_do_nothing_but_serve(case: tuple[str, str, bool]) -> None:
    for key, document in documents(case).items():
        if key.startswith("Deployment"):
            pod = document["spec"]["template"]["spec"]
            container = pod["containers"][0]
            assert container["image"].endswith(f"@sha256:{64 * 'a'}")
        elif key.startswith("InferenceService"):
            pod = document["spec"]["predictor"]
            container = pod["model"]
            assert container["runtime"] == "kserve-tritonserver"
            assert "@sha256:" in container["storageUri"]
        else:
            continue
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


def test_the_drift_check_may_do_no_more_and_is_nobodys_backend() -> None:
    there = documents(("prod", "bento", True))
    pods = there["CronJob/wine-model-drift"]["spec"]["jobTemplate"]["spec"]["template"]
    pod, labels = pods["spec"], pods["metadata"]["labels"]
    service = there["Deployment/wine-model"]["spec"]["template"]["spec"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == service["securityContext"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == service["containers"][0]["securityContext"]
        assert container["image"].endswith(f"@sha256:{64 * 'd'}")
        assert container["resources"]["limits"]["memory"]
    for key, document in there.items():
        selector = document.get("spec", {}).get("selector", {})
        selected = selector.get("matchLabels", selector).items() <= labels.items()
        assert not selected or not selector, key
    (policy,) = [
        document["spec"]
        for key, document in there.items()
        if key.startswith("NetworkPolicy")
        and document["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert policy["ingress"] == []
    ports = [port["port"] for rule in policy["egress"] for port in rule["ports"]]
    assert ports == [53, 53, 443, 9091, 9000]


@pytest.mark.parametrize(
    ("modes", "wrong"),
    [(["ReadWriteMany"], None), (["ReadWriteOnce"], "its access modes are ReadWriteOnce")],
    ids=["of many", "of one"],
)
def test_the_drift_check_needs_a_claim_that_many_pods_share(
    modes: list[str], wrong: str | None
) -> None:
    texts = rendered(values("prod", "bento", True)).split("---\n")

    (claim,) = [
        needed
        for needed in requirements({str(place): text for place, text in enumerate(texts)})
        if "PersistentVolumeClaim" in needed.what
    ]

    assert claim.path
    assert claim.path.endswith("/persistentvolumeclaims/wine-predictions")
    assert claim.check({"spec": {"accessModes": modes}}) == wrong


@pytest.mark.parametrize(
    ("code", "ends"), [(0, 0), (3, 0), (4, 0), (1, 1), (2, 2), (137, 137)], ids=str
)
def test_drift_that_is_found_is_no_failure_of_the_job(code: int, ends: int, tmp_path: Path) -> None:
    spec = documents(("prod", "bento", True))["CronJob/wine-model-drift"]["spec"]
    job = spec["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
    python.chmod(0o755)

    assert ran(container, tmp_path) == (ends, "-m monitoring.drift\n")
    (refused,) = [
        rule["onExitCodes"] for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule
    ]
    assert refused == {"containerName": "drift", "operator": "In", "values": [1]}
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # which the policy asks for


@pytest.mark.parametrize(("labels", "code", "ends"), [(0, 3, 0), (1, 0, 1), (1, 4, 1), (1, 2, 2)])
def test_labels_are_kept_before_the_verdict_and_refused_ones_fail_the_job_after_it(
    labels: int, code: int, ends: int, tmp_path: Path
) -> None:
    spec = documents(("prod", "bento", True))["CronJob/wine-model-drift"]["spec"]
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    python, file = tmp_path / "bin/python", tmp_path / "data/labels/new/march.csv"
    for path in (python, file):
        path.parent.mkdir(parents=True)
    file.touch()
    exits = f'case "$2" in monitoring.labels) exit {labels} ;; *) exit {code} ;; esac'
    python.write_text(f'#!/bin/sh\necho "$FILE $2"\n{exits}\n')
    python.chmod(0o755)

    said = "data/labels/new monitoring.labels\n monitoring.drift\n"
    assert ran(container, tmp_path) == (ends, said)


def ran(container: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Run a container's command in a folder; return its exit code and what it printed."""
    done = subprocess.run(
        container["command"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_rollout_leaves_no_request_unanswered(case: tuple[str, str, bool]) -> None:
    for key, document in documents(case).items():
        if key.startswith("Deployment"):
            pod = document["spec"]["template"]["spec"]
            strategy, container = document["spec"]["strategy"], pod["containers"][0]
        elif key.startswith("InferenceService"):
            pod = document["spec"]["predictor"]
            strategy, container = pod["deploymentStrategy"], pod["model"]
        elif key.startswith("Rollout"):
            assert document["spec"]["strategy"]["canary"]["maxUnavailable"] == 0
            continue
        else:
            continue
        assert strategy["rollingUpdate"]["maxUnavailable"] == 0
        stop = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert 0 < stop < pod["terminationGracePeriodSeconds"]
        assert container["readinessProbe"]["httpGet"]["path"].endswith(("/readyz", "/ready"))


def test_an_autoscaler_alone_says_how_many_pods_there_are() -> None:
    scaled = documents(("prod", "bento", True))
    fixed = documents(("dev", "bento", False))

    assert "replicas" not in scaled["Deployment/wine-model"]["spec"]
    assert "replicas" not in scaled["Rollout/wine-model"]["spec"]
    target = scaled["HorizontalPodAutoscaler/wine-model"]["spec"]["scaleTargetRef"]
    assert target["kind"] == "Rollout"
    assert fixed["Deployment/wine-model"]["spec"]["replicas"] == 1


def test_weights_of_kserve_come_from_values_and_add_up() -> None:
    rule = documents(("prod", "kserve", True))["HTTPRoute/wine-model"]["spec"]["rules"][0]

    weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}

    assert weights == {"wine-model-predictor": 80, "wine-model-canary-predictor": 20}


def test_what_a_rollout_names_is_there() -> None:
    there = documents(("prod", "bento", True))
    canary = there["Rollout/wine-model"]["spec"]["strategy"]["canary"]
    (router,) = canary["trafficRouting"]["plugins"].values()

    assert there["Rollout/wine-model"]["spec"]["workloadRef"]["name"] == "wine-model"
    assert f"Service/{canary['stableService']}" in there
    assert f"Service/{canary['canaryService']}" in there
    assert f"AnalysisTemplate/{canary['analysis']['templates'][0]['templateName']}" in there
    route = there[f"HTTPRoute/{router['httpRoute']}"]
    assert route["metadata"]["namespace"] == router["namespace"]
    backends = {backend["name"] for backend in route["spec"]["rules"][0]["backendRefs"]}
    assert backends == {canary["stableService"], canary["canaryService"]}


@pytest.mark.parametrize(
    ("result", "good"),
    [([], True), ([math.nan], True), ([0.0], True), ([1e9], False)],
    ids=["no result", "not a number", "nothing wrong", "too much"],
)
def test_a_canary_outlives_a_time_without_traffic(result: list[float], good: bool) -> None:
    template = documents(("prod", "bento", True))["AnalysisTemplate/wine-model"]

    for metric in template["spec"]["metrics"]:
        condition = metric["successCondition"].replace("||", "or")
        assert eval(condition, {"len": len, "isNaN": math.isnan, "result": result}) is good
        assert "failureCondition" not in metric


def test_kserve_has_one_service_until_there_is_a_candidate() -> None:
    chosen = values("prod", "kserve", True)
    chosen["canary"] = {"enabled": True}

    parsed = [yaml.safe_load(text) for text in render(chosen, "wine", CHART)]

    assert [each["kind"] for each in parsed].count("InferenceService") == 1
    (route,) = [each for each in parsed if each["kind"] == "HTTPRoute"]
    backends = route["spec"]["rules"][0]["backendRefs"]
    assert backends == [{"name": "wine-model-predictor", "port": 80}]


def test_a_rollout_without_steps_goes_all_the_way() -> None:
    chosen = values("prod", "bento", True)
    chosen["canary"] = {"enabled": True, "steps": []}

    parsed = [yaml.safe_load(text) for text in render(chosen, "wine", CHART)]

    (rollout,) = [each for each in parsed if each["kind"] == "Rollout"]
    assert "steps" not in rollout["spec"]["strategy"]["canary"]


def test_a_canary_may_stay_at_a_weight_until_somebody_decides() -> None:
    chosen = values("prod", "bento", True)
    chosen["canary"] = {"enabled": True, "weight": 20}

    parsed = [yaml.safe_load(text) for text in render(chosen, "wine", CHART)]

    (rollout,) = [each for each in parsed if each["kind"] == "Rollout"]
    assert rollout["spec"]["strategy"]["canary"]["steps"] == [{"setWeight": 20}, {"pause": {}}]
