"""Run a module of another package: packages do not import one another, files pass between them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_module(
    name: str, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, and return how it ended and what it said."""
    command = [sys.executable, "-m", name, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a module said, as an error where there was one."""
    said = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
    return said[-1].removeprefix("error: ")
