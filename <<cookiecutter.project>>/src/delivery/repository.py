"""Where a cluster finds the project: its git repository, and the project's folder within."""

import re

from project.errors import UserError
from project.git import git, run_git
from project.loading import load
from project.settings.identity import Project


def code_repository() -> str:
    """Return the URL from conf/project.yaml, else that of the remote `origin`, without a login.

    Raises `UserError` where there is neither.
    """
    url = load("project", Project).repository
    url = url or run_git("remote", "get-url", "origin").stdout.strip()
    if not url:
        raise UserError(
            "this project has no git remote, and a cluster must clone it from somewhere; "
            "type: git remote add origin URL (or set repository in conf/project.yaml)"
        )
    return re.sub(r"^(https?://)[^/]*@", r"\1", url)


def project_folder() -> str:
    """Return the project's folder within its repository: empty, or ending with a slash."""
    return git("rev-parse", "--show-prefix")
