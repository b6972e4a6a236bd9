"""Propose what is committed here: `make propose BRANCH=name TITLE="…" [BODY=file]`.

The commits go to a branch, since `main` takes none but by a pull request; one request is opened for
that branch, and what is pushed later joins it.
"""

import os
from pathlib import Path

from automation.gh import api, repository
from project.errors import UserError, one_line
from project.git import git, run_git
from project.outputs import hand_on

BASE = "main"


def propose(branch: str, title: str, body: str) -> str | None:
    """Push HEAD and open a pull request, or return that of the branch; None: nothing is new."""
    git("fetch", "--quiet", "origin", BASE)
    if git("rev-parse", "HEAD") == git("rev-parse", "FETCH_HEAD"):
        return None
    refuse_unsaved()
    # The branch is this command's own: what a run before it has proposed is replaced.
    git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
    owner = repository().split("/")[0]
    for found in api(f"pulls?state=open&base={BASE}&head={owner}:{branch}"):
        return str(found["html_url"])
    wanted = {"title": title, "head": branch, "base": BASE, "body": body}
    return str(api("pulls", "POST", wanted)["html_url"])


def refuse_unsaved() -> None:
    """Raise `UserError` where files differ from HEAD: they would stay behind."""
    edited = git("status", "--porcelain", "--untracked-files=no").splitlines()
    if edited:
        raise UserError(f"{edited[0][3:]}: not committed, so it cannot be proposed")
    if run_git("rev-parse", "--verify", "--quiet", "CHERRY_PICK_HEAD").returncode == 0:
        raise UserError("a cherry-pick is under way; git cherry-pick --continue or --abort")


def main() -> None:
    """Propose, and say where."""
    branch, title = os.environ.get("BRANCH", ""), os.environ.get("TITLE", "")
    if not branch or not title or branch == BASE:
        raise UserError('BRANCH and TITLE: type: make propose BRANCH=name TITLE="what it does"')
    file = os.environ.get("BODY")
    body = Path(file).read_text(encoding="utf-8") if file else git("log", "-1", "--format=%b")
    url = propose(branch, title, body)
    hand_on({"url": url or "", "proposed": "true" if url else "false"})


if __name__ == "__main__":
    one_line(main)
