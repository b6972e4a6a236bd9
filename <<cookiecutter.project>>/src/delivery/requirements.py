"""What a cluster must have for the manifests of an environment."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

#: Returns what is wrong with an answer of the API server, or None.
Check = Callable[[Any], str | None]

#: Who brings a group of custom resources, as tried with these charts.
OPERATORS = {
    "argoproj.io": "Argo Rollouts 1.9 or later",
    "external-secrets.io": "External Secrets Operator 1.0 or later",
    "gateway.networking.k8s.io": "Gateway API 1.1 or later, and an implementation",
    "monitoring.coreos.com": "Prometheus Operator 0.80 or later",
    "serving.kserve.io": "KServe 0.20 or later, in Standard mode",
}


#: Before the name of an image that is mounted as a volume.
NATIVE = "oci+native://"


@dataclass(frozen=True)
class Requirement:
    """What must be there, and why.

    path: of the Kubernetes API, where its answer tells; None where no answer can.
    """

    what: str
    why: str
    path: str | None = None
    check: Check = lambda answer: None


def requirements(manifests: Mapping[str, str]) -> list[Requirement]:
    """List what these manifests ask of a cluster."""
    documents = [yaml.safe_load(text) for text in manifests.values()]
    needed = [_version(manifests), *_kinds(documents)]
    by_kind: dict[str, dict[str, Any]] = {}
    for document in documents:
        by_kind.setdefault(document["kind"], document)
    for kind, more in MORE.items():
        if kind in by_kind:
            needed += more(by_kind[kind])
    return needed


def _version(manifests: Mapping[str, str]) -> Requirement:
    native = any(f"storageUri: {NATIVE}" in text for text in manifests.values())
    minor, why = (33, "image volumes") if native else (30, "preStop's sleep")
    if native:
        why += ", before 1.35 with the feature gate ImageVolume"

    def check(answer: Any) -> str | None:
        found = int(answer["major"]), int(re.sub(r"\D.*", "", answer["minor"]))
        return None if found >= (1, minor) else f"it is {found[0]}.{found[1]}"

    return Requirement(f"Kubernetes 1.{minor} or later", why, "/version", check)


def _kinds(documents: list[dict[str, Any]]) -> list[Requirement]:
    kinds = sorted({(document["apiVersion"], document["kind"]) for document in documents})
    custom = [(version, kind) for version, kind in kinds if version.split("/")[0] in OPERATORS]
    return [
        Requirement(
            f"{kind} ({version})",
            OPERATORS[version.split("/")[0]],
            f"/apis/{version}",
            _has_kind(kind),
        )
        for version, kind in custom
    ]


def _has_kind(kind: str) -> Check:
    def check(answer: Any) -> str | None:
        kinds = {resource["kind"] for resource in answer["resources"]}
        return None if kind in kinds else "the group has no such kind"

    return check


def _of_autoscaler(document: dict[str, Any]) -> list[Requirement]:
    return [Requirement("metrics API", "autoscaling by CPU", "/apis/metrics.k8s.io/v1beta1")]


def _of_network_policy(document: dict[str, Any]) -> list[Requirement]:
    return [Requirement("a network plugin that enforces NetworkPolicy", "else it does nothing")]


def _of_route(document: dict[str, Any]) -> list[Requirement]:
    parent = document["spec"]["parentRefs"][0]
    where = f"namespaces/{parent['namespace']}/gateways/{parent['name']}"
    return [
        Requirement(
            f"Gateway {parent['name']} in {parent['namespace']}",
            "the route's parent",
            f"/apis/gateway.networking.k8s.io/v1/{where}",
        )
    ]


def _of_rollout(document: dict[str, Any]) -> list[Requirement]:
    (plugin,) = document["spec"]["strategy"]["canary"]["trafficRouting"]["plugins"]

    def check(answer: Any) -> str | None:
        named = (answer.get("data") or {}).get("trafficRouterPlugins", "")
        return None if plugin in named else "trafficRouterPlugins does not name it"

    path = "/api/v1/namespaces/argo-rollouts/configmaps/argo-rollouts-config"
    return [Requirement(f"Argo Rollouts' plugin {plugin}", "moves the weights", path, check)]


def _of_secret(document: dict[str, Any]) -> list[Requirement]:
    store = document["spec"]["secretStoreRef"]
    where = f"namespaces/{document['metadata']['namespace']}/"
    scope = "" if store["kind"] == "ClusterSecretStore" else where
    return [
        Requirement(
            f"{store['kind']} {store['name']}",
            "secrets come from it",
            f"/apis/external-secrets.io/v1/{scope}{store['kind'].lower()}s/{store['name']}",
        )
    ]


def _of_cron_job(document: dict[str, Any]) -> list[Requirement]:
    pod = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    key = "persistentVolumeClaim"
    claims = [volume[key] for volume in pod["volumes"] if key in volume]
    where = f"namespaces/{document['metadata']['namespace']}/persistentvolumeclaims"

    def check(answer: Any) -> str | None:
        modes = answer["spec"]["accessModes"]
        return None if "ReadWriteMany" in modes else f"its access modes are {', '.join(modes)}"

    return [
        Requirement(
            f"PersistentVolumeClaim {claim['claimName']}, ReadWriteMany",
            "pods record there, and the drift check reads it",
            f"/api/v1/{where}/{claim['claimName']}",
            check,
        )
        for claim in claims
    ]


def _of_inference_service(document: dict[str, Any]) -> list[Requirement]:
    model = document["spec"]["predictor"]["model"]
    native = model["storageUri"].startswith(NATIVE)
    flag = "enableOciModelSupport" if native else "enableModelcar"

    def is_on(answer: Any) -> str | None:
        settings = json.loads((answer.get("data") or {}).get("storageInitializer", "{}"))
        return None if settings.get(flag) else f"{flag} is off in storageInitializer"

    config = "/api/v1/namespaces/kserve/configmaps/inferenceservice-config"
    runtime = f"/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/{model['runtime']}"
    needed = [
        Requirement(f"KServe's {flag}", "the model comes from an image", config, is_on),
        Requirement(f"ClusterServingRuntime {model['runtime']}", "serves the model", runtime),
    ]
    if not native:
        needed.append(_not_restricted(document["metadata"]["namespace"]))
    return needed


def _not_restricted(name: str) -> Requirement:
    """Tell of kserve#4995: the sidecar's link through /proc needs more than `restricted` grants."""

    def check(answer: Any) -> str | None:
        labels = answer["metadata"].get("labels") or {}
        level = labels.get("pod-security.kubernetes.io/enforce")
        return "it is" if level == "restricted" else None

    return Requirement(
        f"namespace {name} not under Pod Security `restricted`",
        "KServe's sidecar links the model through /proc (kserve#4995)",
        f"/api/v1/namespaces/{name}",
        check,
    )


#: By the kind of a document, what is needed beside the kind itself.
MORE: dict[str, Callable[[dict[str, Any]], list[Requirement]]] = {
    "CronJob": _of_cron_job,
    "HorizontalPodAutoscaler": _of_autoscaler,
    "NetworkPolicy": _of_network_policy,
    "HTTPRoute": _of_route,
    "Rollout": _of_rollout,
    "ExternalSecret": _of_secret,
    "InferenceService": _of_inference_service,
}
