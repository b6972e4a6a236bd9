"""Is a commit in the repository from which a cluster clones the project?"""

from pathlib import Path

from delivery.repository import code_repository, without_login
from delivery.state.git_error import GitError, complaint
from delivery.state.objects import Objects
from project.errors import UserError
from project.git import git, run_git

#: Branches of the desired state, which hold no code.
STATE = ("refs/heads/gitops", "refs/heads/deploy/")


def code_remote() -> str | None:
    """Return what git is to ask for the code: a remote's name, or a URL; None without either.

    A remote of the same URL is preferred, for it has the login that `code_repository` leaves out.
    """
    try:
        url = code_repository()
    except UserError:
        return None
    for name in git("remote").split():
        if _plain(run_git("remote", "get-url", name).stdout.strip()) == _plain(url):
            return name
    return url


def is_published(commit: str, remote: str) -> bool:
    """Tell whether a branch or tag of the remote leads to a commit; no ref of ours is moved.

    Raises `UserError` where the remote does not answer.
    """
    ours = Objects(Path(git("rev-parse", "--absolute-git-dir")))
    try:
        listed = ours.text("ls-remote", "--refs", "--heads", "--tags", remote).splitlines()
        refs = {ref: tip for tip, ref in (line.split("\t") for line in listed)}
        tips = {ref: tip for ref, tip in refs.items() if not ref.startswith(STATE)}
        if commit in tips.values():
            return True
        unknown = [ref for ref, tip in tips.items() if ours.ask("cat-file", "-e", tip) is None]
        if unknown:
            # --refmap=: else branches that we follow would move.
            options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=")
            ours.run("fetch", *options, remote, *unknown)
        # Prints the commit, unless one of the tips leads to it.
        others = ("rev-list", "--ignore-missing", "-1", commit, "--not", *tips.values())
        return not ours.text(*others)
    except GitError as error:
        raise UserError(
            f"{without_login(remote)}: cannot be read: {complaint(error.output)}"
        ) from None


def _plain(url: str) -> str:
    return without_login(url).removesuffix("/").removesuffix(".git")
