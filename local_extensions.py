"""What the template asks of Jinja beyond cookiecutter's own.

The answers are checked here first, before cookiecutter makes a folder: a hook that fails comes too
late for a name such as `a/b`, and cookiecutter prints a traceback after it. The hook stays the
check that also holds for replayed answers.
"""

import json
import runpy
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import click
from jinja2 import Environment
from jinja2.ext import Extension

# Cookiecutter changes folder while it works; a relative path to the template starts here.
STARTED_IN = str(Path.cwd())
QUESTIONS = Path(__file__).parent / "cookiecutter.json"
CHECK = Path(__file__).parent / "hooks" / "pre_gen_project.py"
WRITER = Path(__file__).parent / "<<cookiecutter.project>>/src/project/yaml_text.py"


class Answers(Extension):
    """Filters over the answers."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for a_filter in (checked, complaint, escaped, literal, notes, yaml):
            environment.filters[a_filter.__name__] = a_filter


def checked(answers: Mapping[str, object]) -> str:
    """Stop with one line on stderr where an answer is wrong, or answers no question."""
    if said := complaint(answers) or _stray():
        sys.exit(said)
    return ""


def _stray() -> str | None:
    """Say which word of the command line answers no question: cookiecutter passes over it."""
    command = click.get_current_context(silent=True)
    # Without hooks it is `make template-update`, whose answers may be to an older template.
    if command is None or command.params.get("accept_hooks") == "no":
        return None
    asked = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    for name in command.params.get("extra_context") or ():
        if name not in asked:
            *others, last = (question for question in asked if not question.startswith("_"))
            return f"{name}: there is no such question; answer {', '.join(others)} or {last}"
    return None


def complaint(answers: Mapping[str, object]) -> str:
    """Say in one line what is wrong with the answers, by the hook's rules; else nothing."""
    return str(_run(CHECK)["complaint"](answers) or "")


def escaped(answer: str) -> str:
    """Escape an answer for a place between double quotes in TOML, YAML or JSON."""
    return json.dumps(answer, ensure_ascii=False)[1:-1]


def yaml(answer: str) -> str:
    """Write an answer as the project writes params.yaml, so that its first run changes nothing."""
    text = _run(WRITER)["yaml_text"]({"": answer})
    return str(text).partition(": ")[2].rstrip("\n")


def literal(text: str) -> str:
    """Escape a text for a place between double quotes in Python."""
    return text.encode("unicode_escape").decode().replace('"', r"\"")


def notes(answers: Mapping[str, str]) -> str:
    """Return what the last hook needs, parted by NUL: nothing there costs more than an import.

    It is the project's title, the folder in which cookiecutter was started, the first commit's
    message, and the record of template and answers for a later `make template-update`.
    """
    commit = _commit(answers)
    message = f"Generate {answers['project']} from Slipway\n"
    message += f"\nTemplate-Commit: {commit}\n" if commit else ""
    return "\0".join([answers["title"], STARTED_IN, message, _record(answers, commit)])


@cache
def _run(script: Path) -> dict[str, Any]:
    return runpy.run_path(str(script))


def _record(answers: Mapping[str, str], commit: str | None) -> str:
    folder = Path(STARTED_IN, Path(answers["_template"]).expanduser())
    record = {
        "template": str(folder.resolve()) if folder.exists() else answers["_template"],
        "commit": commit,
        "answers": {key: value for key, value in answers.items() if not key.startswith("_")},
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _commit(answers: Mapping[str, str]) -> str | None:
    """Return the template's commit, where its folder is a repository of its own."""
    folder = Path(STARTED_IN, answers["_repo_dir"])
    if not (folder / ".git").exists():
        return None
    command = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
