"""Branches retrain/<time>-<model>: when the last one came, and how a new one gets there."""

import re
from datetime import UTC, datetime
from pathlib import Path

from delivery.repository import without_login
from delivery.state.proposal import Proposal, opened
from project.errors import UserError
from project.git import git, run_git

PREFIX = "retrain/"
NAME = re.compile(r"retrain/(\d{8}T\d{6})Z-[0-9a-f]+")
COMPARISON = Path("reports/retrain.md")


def branch_name(now: datetime, model: str) -> str:
    """Name the branch of a model, whose digest is given in hexadecimal."""
    return f"{PREFIX}{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{model[:12]}"


def remote() -> str | None:
    """Return the remote of the code; `UserError` where it could be any of several."""
    names = git("remote").split()
    if len(names) > 1 and "origin" not in names:
        raise UserError(f"git remotes {', '.join(names)}: which one has the code? call it origin")
    return "origin" if "origin" in names else next(iter(names), None)


def last(to: str | None) -> tuple[datetime, str] | None:
    """Return when the newest branch came, here or at a remote, and its name; None before any.

    One that was merged and is gone counts by the comparison that it left at HEAD.
    """
    names = git("for-each-ref", "--format=%(refname:lstrip=2)", f"refs/heads/{PREFIX}").split()
    if to:
        listed = git("ls-remote", "--heads", to, f"refs/heads/{PREFIX}*")
        names += [line.split("refs/heads/", 1)[1] for line in listed.splitlines()]
    merged = NAME.search(run_git("show", f"HEAD:./{COMPARISON}").stdout)
    found = [match for match in (merged, *map(NAME.fullmatch, names)) if match]
    times = [datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for match in found]
    return max(zip(times, (match[0] for match in found), strict=True), default=None)


def publish(clone: Path, commit: str, branch: str, to: str | None) -> Proposal | None:
    """Bring a commit of a clone here as a branch, to the remote first; return the request there.

    A branch comes into being as a whole: a kill leaves objects that nothing names.
    """
    title, _, body = git("log", "-1", "--format=%s%n%b", commit, cwd=clone).partition("\n")
    git(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(clone), f"refs/heads/{branch}"
    )
    if to:
        pushed = run_git("push", "--quiet", to, f"{commit}:refs/heads/{branch}")
        if pushed.returncode:
            said = pushed.stderr.strip().splitlines() or ["it said nothing"]
            raise UserError(f"{to} refuses {branch}: {said[0]}")
    git("update-ref", "-m", "retrain", f"refs/heads/{branch}", commit, "0" * len(commit))
    if not to:
        return None
    where = without_login(git("remote", "get-url", to))
    return opened(where, branch, _base(), title, body)


def _base() -> str:
    """Return the branch that a request is for: the one that is checked out, else main."""
    return run_git("symbolic-ref", "--quiet", "--short", "HEAD").stdout.strip() or "main"
