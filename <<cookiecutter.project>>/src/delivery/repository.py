"""Where a cluster finds the project: its git repository, and the project's folder within."""

import re
from pathlib import Path

from project.artefacts import CHART
from project.errors import UserError
from project.git import git, head_commit, is_vague, run_git
from project.loading import load, read_yaml
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
    return without_login(url)


def web_folder(path: Path) -> str | None:
    """Return where a browser shows a folder of the project, as GitHub, GitLab and Gitea have it.

    None where the repository is on no server, such as a folder.
    """
    try:
        url = code_repository()
    except UserError:
        return None
    found = re.fullmatch(r"(?:https?://|(?:ssh://)?[^@/]+@)([^/:]+)(?::\d+)?[:/](.+?)/?", url)
    if not found:
        return None
    host, name = found[1], found[2].removesuffix(".git")
    return f"https://{host}/{name}/blob/HEAD/{project_folder()}{path.as_posix()}"


def without_login(url: str) -> str:
    """Return a URL without the login that it may hold."""
    return re.sub(r"^(https?://)[^/]*@", r"\1", url)


def chart_source() -> dict[str, str]:
    """Say which chart an environment is deployed with: version, git commit, and path in git.

    Argo CD takes the chart from there. Raises `UserError` where no commit holds these files.
    """
    commit = head_commit(CHART)
    if is_vague(commit):
        raise UserError(f"{CHART}: Argo CD takes it from a commit, and it was edited since; commit")
    chart = read_yaml((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    return {
        "version": str(chart["version"]),
        "revision": commit,
        "path": f"{project_folder()}{CHART.as_posix()}",
    }


def project_folder() -> str:
    """Return the project's folder within its repository: empty, or ending with a slash."""
    return git("rev-parse", "--show-prefix")
