"""Where the state of environments lies in git: its branch, and our copy of another repository."""

import hashlib
from pathlib import Path

BRANCH = "gitops"
CLONES = Path("build/gitops")


def located(url: str, project: Path = Path()) -> str:
    """Return a repository's URL, or its full path where GITOPS_REPO names a folder."""
    return str((project / url).resolve()) if (project / url).exists() else url


def clone_of(url: str, project: Path = Path()) -> Path:
    """Return where our copy of the repository lies that GITOPS_REPO names."""
    digest = hashlib.sha256(located(url, project).encode()).hexdigest()
    return project / CLONES / f"{digest[:16]}.git"
