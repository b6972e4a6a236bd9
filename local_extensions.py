"""What the template asks of Jinja beyond cookiecutter's own.

The answers are checked here first, before cookiecutter makes a folder: a hook that fails comes too
late for a name such as `a/b`, and cookiecutter prints a traceback after it. The hook stays the
check that also holds for replayed answers.
"""

import json
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

# Cookiecutter changes folder while it works; a relative path to the template starts here.
STARTED_IN = str(Path.cwd())
CHECK = Path(__file__).parent / "hooks" / "pre_gen_project.py"


class Answers(Extension):
    """Filters over the answers, and the folder in which cookiecutter was started."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["checked"] = checked
        environment.filters["escaped"] = escaped
        environment.globals["started_in"] = STARTED_IN


def checked(answers: Mapping[str, object]) -> str:
    """Stop with one line on stderr where an answer is wrong."""
    complaint = runpy.run_path(str(CHECK))["complaint"](answers)
    if complaint:
        sys.exit(complaint)
    return ""


def escaped(answer: str) -> str:
    """Escape an answer for a place between double quotes in TOML, YAML or JSON."""
    return json.dumps(answer, ensure_ascii=False)[1:-1]
