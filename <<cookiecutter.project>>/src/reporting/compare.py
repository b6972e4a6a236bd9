"""What a change does to the model: `make compare BASE=main`, after `make debug`.

The same small run is made of the base, in a clone as well, and both go side by side into
build/comparison.md. Stages that the change does not touch come from DVC's cache.
"""

import os
import sys
from pathlib import Path

from project import debug
from project.artefacts import COMPARISON_PAGE, CURVES, EVALUATION
from project.errors import UserError, one_line
from project.files import read_json, write_text
from project.git import run_git
from reporting.comparison import Run, markdown

CLONE = Path("build/base")
DEBUG = Path("src/project/debug.py")


def run_of(project: Path, name: str) -> Run:
    """Read what the last run in a project's folder came to."""
    curves = project / CURVES
    text = curves.read_text(encoding="utf-8") if curves.exists() else ""
    return Run(name, read_json(project / EVALUATION), text)


def run_base(commit: str, name: str) -> Run | str:
    """Make the small run of a commit, and return what it came to, or why it came to nothing."""
    project = debug.lay_out(commit, CLONE)
    if not (project / DEBUG).exists():
        return f"{name} has no `make debug` yet"
    done = debug.run(project, capture_output=True)
    if not (project / EVALUATION).exists():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return f"the run of {name} failed: {said.removeprefix('error: ')}"
    return run_of(project, name)


def main() -> None:
    """Compare with the commit or branch that BASE names."""
    base = os.environ.get("BASE", "")
    found = run_git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    if not base or found.returncode:
        raise UserError(f"BASE={base}: no such commit here; type: make compare BASE=main")
    commit = found.stdout.strip()
    name = (os.environ.get("BASE_NAME") or base[:12]).removeprefix("refs/heads/")
    ours = run_of(debug.last(), "here")
    text = markdown(ours, run_base(commit, name))
    write_text(COMPARISON_PAGE, text)
    print(text)
    print(f"{COMPARISON_PAGE}: for people and pull requests", file=sys.stderr)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    one_line(main)
