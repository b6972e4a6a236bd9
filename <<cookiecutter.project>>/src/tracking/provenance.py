"""Which data, code, settings and model a version stands for: the tags that name it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from project.artefacts import DVC_LOCK, ONNX, RAW
from project.dvc_lock import decisive
from project.files import sha256
from project.git import run_git

NO_COMMIT = "none"
DIRTY = "-dirty"
#: dvc.lock names every input and output: what it says of them tells one version from another.
IDENTITY = "run_sha256"


def provenance(verdict: str, stages: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a run and its model version; `stages` are those of dvc.lock."""
    return {
        "git_commit": git_commit(),
        "dataset_sha256": sha256(RAW),
        "dvc_lock_sha256": sha256(DVC_LOCK),
        IDENTITY: _digest(decisive(stages)),
        "model_sha256": sha256(ONNX),
        "verdict": verdict,
    }


def _digest(stages: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(stages, sort_keys=True).encode()).hexdigest()


def git_commit(folder: Path | None = None) -> str:
    """Return HEAD, with `-dirty` where the project's files differ from it; `none` without one."""
    try:
        head = run_git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder)
    except FileNotFoundError:
        return NO_COMMIT
    if head.returncode:
        return NO_COMMIT
    edits = run_git("status", "--porcelain", "--", ".", cwd=folder).stdout.strip()
    return head.stdout.strip() + (DIRTY if edits else "")


def is_vague(commit: str) -> bool:
    """Tell whether a tag names no commit that holds exactly these files."""
    return commit == NO_COMMIT or commit.endswith(DIRTY)
