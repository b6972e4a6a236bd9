"""Asking GitHub by its own command: the login is gh's, or the token in GH_TOKEN."""

import json
import os
import shutil
import subprocess
from typing import Any

from project.errors import UserError
from project.git import run_git


def gh(*arguments: str, given: Any = None) -> str:
    """Run gh, with `given` as JSON on its stdin, and return what it printed.

    Raises `UserError` where gh is not installed or fails.
    """
    if not shutil.which("gh"):
        raise UserError("gh: not installed; see https://cli.github.com")
    text = None if given is None else json.dumps(given)
    command = ["gh", *arguments, *(["--input", "-"] if given is not None else [])]
    done = subprocess.run(command, input=text or "", capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split()) or "failed and said nothing"
        raise UserError(f"gh {' '.join(arguments[:2])}: {said}")
    return done.stdout


def api(path: str, method: str = "GET", given: Any = None) -> Any:
    """Ask GitHub's API below this repository, and return its answer; `UserError` where it fails."""
    command = ["api", f"repos/{repository()}/{path}".rstrip("/"), "--method", method]
    text = gh(*command, given=given)
    return json.loads(text) if text.strip() else None


def repository() -> str:
    """Return `owner/name`: what a workflow says, else the remote `origin`."""
    named = os.environ.get("GITHUB_REPOSITORY", "")
    url = named or run_git("remote", "get-url", "origin").stdout.strip()
    parts = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    if len(parts) < 2 or not all(parts[-2:]):
        raise UserError("this project has no repository on GitHub; type: git remote add origin URL")
    return "/".join(parts[-2:])
