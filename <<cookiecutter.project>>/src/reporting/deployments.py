"""What was deployed and when, by the records that git has here: no remote is asked for a page."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from project.errors import UserError
from project.git import git, run_git
from project.gitops import BRANCH, clone_of

#: The branch as it moved on: a pull request counts from its merge.
LOG = ("log", "--first-parent", "-m", "--diff-filter=A", "--no-renames", "--raw", "--no-abbrev")
REFS = (f"refs/heads/{BRANCH}", f"refs/remotes/*/{BRANCH}")
SPOKEN = ("verify", "acknowledge")  # of records that put nothing in force
SHOWN = 12


@dataclass(frozen=True)
class Deployment:
    """A change of what runs in an environment; `digest` is the package's, shortened."""

    time: datetime
    environment: str
    action: str
    digest: str


def deployments(model: str) -> list[Deployment]:
    """Return what changed in any environment, the oldest first; nothing where no git is."""
    url = os.environ.get("GITOPS_REPO", "")
    folder = ("--git-dir", str(clone_of(url))) if url else ()
    refs = _refs(folder)
    if not refs:
        return []
    came: dict[str, datetime] = {}
    for environment in _environments(folder, refs):
        # One folder at a time, by its plain name: else git opens each commit of a fleet.
        path = f"{environment}/{model}/history"
        where = path if url else f":(top){path}"
        came |= _came(git(*folder, *LOG, "--format=%x00%cI", *refs, "--", where))
    records = _records(git(*folder, "show", *came) if came else "")
    found = [
        Deployment(
            moment,
            record["environment"],
            record["action"],
            record["digest"].partition(":")[2][:SHOWN],
        )
        for moment, record in zip(came.values(), records, strict=True)
        if record["action"] not in SPOKEN
    ]
    return sorted(found, key=lambda each: (each.time, each.environment))


def _refs(folder: tuple[str, ...]) -> list[str]:
    """Return the branch here and the remote's as last fetched; none where there is no git."""
    try:
        return run_git(*folder, "for-each-ref", "--format=%(refname)", *REFS).stdout.split()
    except FileNotFoundError:
        return []


def _environments(folder: tuple[str, ...], refs: list[str]) -> list[str]:
    """Return the folders at the top of the branch, here or at the remote."""
    listed = (git(*folder, "ls-tree", "-d", "--name-only", "--full-tree", ref) for ref in refs)
    return sorted({name for names in listed for name in names.splitlines()})


def _came(log: str) -> dict[str, datetime]:
    """Read when each record came onto the branch, by its blob."""
    found = {}
    for commit in filter(None, log.split("\0")):
        moment, *lines = filter(None, commit.splitlines())
        for line in lines:
            found[line.split()[3]] = datetime.fromisoformat(moment)
    return found


def _records(text: str) -> Iterator[dict[str, str]]:
    """Read records that git has shown one after another."""
    decoder, text = json.JSONDecoder(), text.lstrip()
    while text:
        try:
            record, end = decoder.raw_decode(text)
            yield {key: str(record[key]) for key in ("environment", "action", "digest")}
        except (ValueError, KeyError, TypeError):
            raise UserError(f"branch {BRANCH}: a record cannot be read; type: make audit") from None
        text = text[end:].lstrip()
