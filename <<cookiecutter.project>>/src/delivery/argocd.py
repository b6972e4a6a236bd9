"""Write what Argo CD follows the desired state with: `make argocd`.

For this project, or, where GITOPS_REPO names a repository, for all models that share it: then any
of them writes the same.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.argocd_settings import ArgoSettings, Target, load_argo_settings
from delivery.repository import code_repository, without_login
from project.errors import UserError, one_line
from project.files import replacing
from project.loading import load, read_yaml
from project.settings.identity import Project
from project.yaml_text import yaml_text

BASE = Path("deploy/argocd")
OUT = Path("build/argocd")
HEADER = f"# Made from {BASE}/ and conf/argocd.yaml by make argocd: edit there, not here.\n"
HEALTH = "resource.customizations.health.serving.kserve.io_InferenceService"


@dataclass(frozen=True)
class Scope:
    """Whose models these are: name, repository of the state, of the charts, and which models."""

    name: str
    state: str
    charts: str
    models: str


def scope() -> Scope:
    """Return the fleet that GITOPS_REPO names, else this project.

    A fleet's charts come from the repositories beside its own, and a project's from its own only.
    """
    fleet = without_login(os.environ.get("GITOPS_REPO", ""))
    if not fleet:
        name, url = load("project", Project).name, code_repository()
        return Scope(name, url, url, name)
    found = re.fullmatch(r"(.*[/:])([^/:]+?)(?:\.git)?/?", fleet)
    if not found:
        raise UserError(f"GITOPS_REPO={fleet}: expected the URL of a git repository")
    name = re.sub(r"[^a-z0-9]+", "-", found[2].lower()).strip("-")
    return Scope(name, fleet, f"{found[1]}*", "*")


def app_project(scope: Scope, environment: str, target: Target, argo: ArgoSettings) -> Any:
    """Return the AppProject of an environment: from these repositories, to these namespaces."""
    document = _base("app-project.yaml")
    document["metadata"] = {"name": f"{scope.name}-{environment}", "namespace": argo.namespace}
    document["spec"] |= {
        "description": f"{scope.name} in {environment}",
        "sourceRepos": sorted({scope.state, scope.charts}),
        "destinations": [
            {"server": target.server, "namespace": f"{scope.models}-{environment}"},
        ],
    }
    return document


def application_set(scope: Scope, environment: str, target: Target, argo: ArgoSettings) -> Any:
    """Return the ApplicationSet of an environment, whose project is not for its files to choose."""
    document = _base("application-set.yaml")
    document["metadata"] = {"name": f"{scope.name}-{environment}", "namespace": argo.namespace}
    spec = document["spec"]
    spec["generators"][0]["git"] = {
        "repoURL": scope.state,
        "revision": argo.revision,
        "files": [
            {"path": f"{environment}/*/config.yaml"},
            # By default Argo CD lets * stand for slashes too.
            {"path": f"{environment}/*/*/config.yaml", "exclude": True},
        ],
    }
    application = spec["template"]["spec"]
    application["project"] = f"{scope.name}-{environment}"
    application["sources"][1] |= {"repoURL": scope.state, "targetRevision": argo.revision}
    application["destination"]["server"] = target.server
    if target.sync == "automatic":
        application["syncPolicy"]["automated"] = {"prune": True, "selfHeal": True}
    return document


def health_check(argo: ArgoSettings) -> Any:
    """Return what is to be added to Argo CD's own ConfigMap."""
    lua = (BASE / "inference-service.lua").read_text(encoding="utf-8")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": argo.namespace},
        "data": {HEALTH: lua},
    }


def _base(name: str) -> Any:
    return read_yaml((BASE / name).read_text(encoding="utf-8"))


def write_argocd() -> Scope:
    """Write build/argocd/, or leave what is there."""
    argo = load_argo_settings()
    whose = scope()
    documents = {"health/argocd-cm.yaml": health_check(argo)}
    for environment, target in argo.targets().items():
        arguments = (whose, environment, target, argo)
        documents[f"{environment}-project.yaml"] = app_project(*arguments)
        documents[f"{environment}-applications.yaml"] = application_set(*arguments)
    with replacing(OUT) as temporary:
        (temporary / "health").mkdir(parents=True)
        for name, document in documents.items():
            (temporary / name).write_text(HEADER + yaml_text(document), encoding="utf-8")
    return whose


def main() -> None:
    """Write them, and say how they are applied."""
    whose = write_argocd()
    namespace = load_argo_settings().namespace
    print(f"{OUT}/: follows {whose.state}")
    print(f"kubectl apply -f {OUT}")
    print(
        f"kubectl patch configmap argocd-cm -n {namespace} --patch-file {OUT}/health/argocd-cm.yaml"
    )


if __name__ == "__main__":
    one_line(main)
