"""Which data, code, settings and model a version stands for: the tags that name it."""

from pathlib import Path

from project.artefacts import DVC_LOCK, ONNX, RAW
from project.files import sha256
from project.git import run_git

NO_COMMIT = "none"
DIRTY = "-dirty"
#: dvc.lock names every input and output, so it alone tells one version from another.
IDENTITY = "dvc_lock_sha256"


def provenance(verdict: str) -> dict[str, str]:
    """Return the tags of a run and its model version."""
    return {
        "git_commit": git_commit(),
        "dataset_sha256": sha256(RAW),
        IDENTITY: sha256(DVC_LOCK),
        "model_sha256": sha256(ONNX),
        "verdict": verdict,
    }


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
