"""Which repository holds the state: the one that GITOPS_REPO names, else the project's own."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from delivery.state.git_error import GitError
from delivery.state.login import login
from delivery.state.objects import Objects
from delivery.state.repository import Repository
from project.errors import UserError
from project.files import replacing
from project.git import run_git
from project.gitops import clone_of, located

REMOTE = "origin"


def open_repository(project: Path) -> Repository:
    """Return the repository of the state; nothing is asked of its remote yet.

    Raises `UserError` where there is no repository, or nobody to make commits for.
    """
    named = os.environ.get("GITOPS_REPO", "")
    if named:
        return _clone(named, project)
    found = run_git("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=project)
    if found.returncode:
        raise UserError(
            "no git repository here to keep the state in; type: git init "
            "(or name another one: GITOPS_REPO=url)"
        )
    told = _told(project)
    return Repository(Objects(Path(found.stdout.strip()), _identity(told)), _remote(told))


def identity(project: Path) -> dict[str, str]:
    """Return whose name commits carry, which only the project's own settings may know."""
    return _identity(_told(project))


def _told(project: Path) -> dict[str, str]:
    """Return git's settings, and what it makes of them."""
    told = run_git("var", "-l", cwd=project).stdout
    return dict(line.partition("=")[::2] for line in told.splitlines())


def _identity(known: Mapping[str, str]) -> dict[str, str]:
    # Git's own variables do as well; a name that git has guessed says nothing.
    if not (known.get("user.name") and known.get("user.email")) and not all(
        os.environ.get(f"GIT_AUTHOR_{key}") for key in ("NAME", "EMAIL")
    ):
        raise UserError(
            "git does not know who you are; type: git config user.name NAME "
            "and git config user.email ADDRESS"
        )
    variables: dict[str, str] = {}
    for who in ("AUTHOR", "COMMITTER"):
        name, _, rest = known.get(f"GIT_{who}_IDENT", "").partition(" <")
        variables |= {f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": rest.partition(">")[0]}
    return variables


def _remote(told: Mapping[str, str]) -> str | None:
    names = sorted(found[1] for key in told if (found := re.fullmatch(r"remote\.(.+)\.url", key)))
    if len(names) > 1 and REMOTE not in names:
        raise UserError(
            f"git remotes {', '.join(names)}: which one has the state? call it {REMOTE}, "
            "or name its repository: GITOPS_REPO=url"
        )
    return REMOTE if REMOTE in names else next(iter(names), None)


def _clone(url: str, project: Path) -> Repository:
    """Return our copy of a repository's branch; it is a cache, and holds no work."""
    folder, url = clone_of(url, project), located(url, project)
    if not folder.exists():
        with replacing(folder) as temporary:
            objects = Objects(temporary)
            try:
                objects.run("init", "--quiet", "--bare", str(temporary))
                objects.run("config", f"remote.{REMOTE}.url", url)
                objects.run(
                    "config", f"remote.{REMOTE}.fetch", "+refs/heads/*:refs/remotes/origin/*"
                )
            except GitError as error:
                raise UserError(f"{folder}: {error}") from None
    return Repository(Objects(folder.resolve(), identity(project) | login()), REMOTE, mirror=True)
