"""Which data, code, settings and model a version stands for: the tags that name it."""

import hashlib
import json
from typing import Any

from project.artefacts import DVC_LOCK, EVALUATION, ONNX, PARAMS, RAW
from project.files import sha256
from project.git import head_commit
from project.oci import canonical, digest_of

#: What was judged: the data, the model, the settings, and what the judgement says. Where the data
#: lay, and which code came to the same, are told by other tags and tell no version from another.
IDENTITY = "judged_sha256"
PLACE = "source"
#: A package names the settings that made its model by the same digest.
PARAMETERS = "parameters_sha256"


def provenance(verdict: str, stages: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a run and its model version; `stages` are those of dvc.lock."""
    dataset, model = sha256(RAW), sha256(ONNX)
    settings = _settings(stages)
    judged = [dataset, model, sha256(EVALUATION), settings]
    return {
        "git_commit": head_commit(),
        "dataset_sha256": dataset,
        "dvc_lock_sha256": sha256(DVC_LOCK),
        IDENTITY: hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest(),
        "model_sha256": model,
        PARAMETERS: digest_of(canonical(settings)).partition(":")[2],
        "verdict": verdict,
    }


def _settings(stages: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that the stages ran with, by group."""
    recorded = [stage.get("params", {}).get(str(PARAMS), {}) for stage in stages.values()]
    return {
        group: value for groups in recorded for group, value in groups.items() if group != PLACE
    }
