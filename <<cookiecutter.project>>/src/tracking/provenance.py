"""Which data, code, settings and model a version stands for: the tags that name it."""

import hashlib
import json
from typing import Any

from project.artefacts import DVC_LOCK, ONNX, RAW
from project.dvc_lock import decisive
from project.files import sha256
from project.git import head_commit

#: dvc.lock names every input and output: what it says of them tells one version from another.
IDENTITY = "run_sha256"


def provenance(verdict: str, stages: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a run and its model version; `stages` are those of dvc.lock."""
    return {
        "git_commit": head_commit(),
        "dataset_sha256": sha256(RAW),
        "dvc_lock_sha256": sha256(DVC_LOCK),
        IDENTITY: _digest(decisive(stages)),
        "model_sha256": sha256(ONNX),
        "verdict": verdict,
    }


def _digest(stages: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(stages, sort_keys=True).encode()).hexdigest()
