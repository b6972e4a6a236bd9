"""A pull request for a change that was pushed to a branch of its own."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from urllib.parse import quote

from delivery.state.store import Change, StateStore, proposal_branch
from project.gitops import BRANCH

#: git@host:owner/name.git, ssh://git@host:22/owner/name, https://host/owner/name.git
REMOTE = re.compile(
    r"(?:\w+://(?:[^/@]*@)?(?P<host>[^/:]+)(?::\d+)?/|(?:[^/@]+@)?(?P<scp>[^/:]+):)"
    r"(?P<path>[^:]+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Proposal:
    """The branch that holds a change, and where its request is, or is to be opened, if known."""

    branch: str
    url: str | None
    opened: bool
    base: str = BRANCH

    def __str__(self) -> str:
        """Say what is to be done next."""
        if self.opened:
            return f"opened {self.url}"
        if self.url:
            return f"pushed {self.branch}; open the pull request: {self.url}"
        return f"pushed {self.branch}; it is for whoever may merge it into {self.base}"


def open_request(store: StateStore, change: Change) -> Proposal:
    """Open the pull request of a change of the state."""
    branch, where = proposal_branch(change.record), store.repository.where
    title, _, body = store.repository.objects.text(
        "log", "-1", "--format=%s%n%b", change.commit
    ).partition("\n")
    return opened(where, branch, BRANCH, title, body)


def opened(where: str, branch: str, base: str, title: str, body: str) -> Proposal:
    """Open a pull request of a branch that was pushed, with `gh`, or say where a person does."""
    page = request_page(where, branch, base)
    found = REMOTE.fullmatch(where)
    if page is None or found is None or shutil.which("gh") is None:
        return Proposal(branch, page, False, base)
    command = ["gh", "pr", "create", "--repo", f"{found['host'] or found['scp']}/{found['path']}"]
    command += ["--base", base, "--head", branch, "--title", title, "--body", body]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    # Where gh has no login, or the host is none of GitHub's, a person can still open the page.
    if done.returncode or not done.stdout.strip():
        return Proposal(branch, page, False, base)
    return Proposal(branch, done.stdout.split()[-1], True, base)


def request_page(remote: str, branch: str, base: str = BRANCH) -> str | None:
    """Return the page on which a request for a branch is opened; None for a remote without one."""
    found = REMOTE.fullmatch(remote)
    if found is None or remote.startswith("file:"):
        return None
    host, path = found["host"] or found["scp"], found["path"]
    if "gitlab" in host:
        asked = f"merge_request[source_branch]={quote(branch, safe='')}"
        asked += f"&merge_request[target_branch]={base}"
        return f"https://{host}/{path}/-/merge_requests/new?{asked}"
    return f"https://{host}/{path}/compare/{base}...{quote(branch)}?expand=1"
