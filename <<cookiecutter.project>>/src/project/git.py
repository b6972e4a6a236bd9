"""Running git: its complaint becomes one line of ours."""

import os
import subprocess
from pathlib import Path

from project.errors import UserError

NO_COMMIT = "none"
DIRTY = "-dirty"


def git(*arguments: str, cwd: Path | None = None, **environment: str) -> str:
    """Run git and return what it printed; stop with its message where it fails."""
    done = run_git(*arguments, cwd=cwd, **environment)
    if done.returncode:
        raise UserError(f"git {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


def run_git(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run git and return what came of it."""
    return subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def text_at(commit: str, path: Path) -> str:
    """Return a file's text as a commit has it; `FileNotFoundError` where it has none."""
    done = run_git("show", f"{commit}:./{path}")
    if done.returncode:
        raise FileNotFoundError(path)
    return done.stdout


def head_commit(folder: Path | None = None) -> str:
    """Return HEAD, with `-dirty` where the project's files differ from it; `none` without one."""
    asked = ("--porcelain=v2", "--branch", "--no-ahead-behind", "--", ".")
    try:
        done = run_git("status", *asked, cwd=folder)
    except FileNotFoundError:
        return NO_COMMIT
    if done.returncode or "# branch.oid (initial)\n" in done.stdout:
        return NO_COMMIT
    told, *lines = done.stdout.splitlines()
    edits = any(not line.startswith("# ") for line in lines)
    return told.removeprefix("# branch.oid ") + (DIRTY if edits else "")


def is_vague(commit: str) -> bool:
    """Tell whether `head_commit` named no commit that holds exactly these files."""
    return commit == NO_COMMIT or commit.endswith(DIRTY)


def last_change(path: Path, commit: str) -> str:
    """Return when a file was last changed, as seen from a commit: such as 2026-11-20T12:34:56Z.

    Empty where git has no such commit, or no such file in it.
    """
    utc = "--date=format-local:%Y-%m-%dT%H:%M:%SZ"
    done = run_git("log", "-1", "--format=%cd", utc, commit, "--", str(path), TZ="UTC")
    return "" if done.returncode else done.stdout.strip()
