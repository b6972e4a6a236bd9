"""Running git: its complaint becomes one line of ours."""

import os
import subprocess
from pathlib import Path

from project.errors import UserError


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
