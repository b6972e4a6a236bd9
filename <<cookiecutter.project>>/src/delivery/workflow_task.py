"""One stage as a template of an Argo workflow: a pod with a clone, an image and a command."""

import re
from typing import Any

from delivery.task import TRY_AGAIN
from delivery.workflow_settings import Key, Secrets, StageSettings, seconds

CLONE = "/work"
#: Of every container of the pod, Argo's own too: whoever clones must be who runs the stage.
SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "fsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
TEMPORARY = {
    "env": [
        {"name": "HOME", "value": "/tmp"},
        {"name": "DVC_SITE_CACHE_DIR", "value": "/tmp/dvc"},
    ],
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
# A killed container (137, 143) was most often a node that went away; no exit code is Argo's -1.
AGAIN = f"lastRetry.status == 'Error' || asInt(lastRetry.exitCode) in [{TRY_AGAIN}, 137, 143]"


def stage_template(
    name: str, settings: StageSettings, secrets: Secrets, folder: str
) -> dict[str, Any]:
    """Return the template of a stage of dvc.yaml; `folder` is the project's in its repository."""
    return {
        "name": task_name(name),
        "inputs": {
            "parameters": [{"name": "commit"}],
            "artifacts": [clone_of("{{inputs.parameters.commit}}", secrets)],
        },
        "activeDeadlineSeconds": seconds(settings.timeout),
        "retryStrategy": {
            "limit": settings.retries,
            "retryPolicy": "Always",
            "expression": AGAIN,
            "backoff": {"duration": settings.backoff, "factor": 2},
        },
        "container": {
            "image": "{{workflow.parameters.image}}",
            **command_in(folder, "delivery.task"),
            "args": [name, "{{workflow.name}}", "{{workflow.parameters.overrides}}"],
            **_environment(secrets),
            "resources": {"requests": settings.requests, "limits": settings.limits},
            **TEMPORARY,
        },
    }


def command_in(folder: str, module: str) -> dict[str, Any]:
    """Return what starts a module of the project, which is a folder of the clone."""
    project = f"{CLONE}/{folder}".rstrip("/")
    return {"workingDir": project, "command": [f"{project}/bin/python", "-m", module]}


def clone_of(revision: str, secrets: Secrets) -> dict[str, Any]:
    """Return the clone that Argo makes before the task begins."""
    git: dict[str, Any] = {"repo": "{{workflow.parameters.repository}}", "revision": revision}
    if secrets.git and secrets.git.ssh_key:
        git["sshPrivateKeySecret"] = _reference(secrets.git.ssh_key)
    elif secrets.git and secrets.git.username and secrets.git.password:
        git["usernameSecret"] = _reference(secrets.git.username)
        git["passwordSecret"] = _reference(secrets.git.password)
    return {"name": "clone", "path": CLONE, "git": git}


def task_name(stage: str) -> str:
    """Return a stage's name as Argo allows it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", stage).strip("-")


def _environment(secrets: Secrets) -> dict[str, Any]:
    names = secrets.environment
    return {"envFrom": [{"secretRef": {"name": name}} for name in names]} if names else {}


def _reference(key: Key) -> dict[str, str]:
    return {"name": key.name, "key": key.key}
