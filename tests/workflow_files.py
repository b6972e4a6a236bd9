"""The project's workflows and actions as they are written, for the tests that read them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT, ROOT, run

GITHUB = ROOT / PROJECT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted(GITHUB.glob("actions/*/action.yml"))
TOOLS = Path(sys.executable).parent

Steps = Iterator[tuple[str, dict[str, Any]]]


def read(path: Path) -> dict[str, Any]:
    """Read a workflow; YAML 1.1 takes its `on` for a truth."""
    text = re.sub(r"^on:", '"on":', path.read_text(), flags=re.MULTILINE)
    return dict(yaml.safe_load(text))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """Return a workflow's jobs by their ids."""
    return dict(read(path)["jobs"])


def steps(paths: list[Path]) -> Steps:
    """Go through the steps of workflows and actions, each with the name of its file."""
    for path in paths:
        content = read(path)
        made = content["jobs"].values() if "jobs" in content else [content["runs"]]
        for job in made:
            for step in job.get("steps", []):
                yield path.stem, step


def targets() -> set[str]:
    """Return what `make` knows to make in a project."""
    makefile = (ROOT / PROJECT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    """Audit a folder at zizmor's strictest, without the network."""
    options = ("--offline", "--persona", "auditor", "--strict-collection", "--format", "plain")
    return run([str(TOOLS / "zizmor"), *options, str(folder)], None)


def valid(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Hold files against a schema that check-jsonschema brings along."""
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", schema, *map(str, paths)]
    return run(command, None)


def documented(name: str) -> str:
    """Return the text of a page of the project's docs."""
    return (ROOT / PROJECT / "docs" / name).read_text()


def examples(name: str, language: str) -> list[str]:
    """Return what a page of the project's docs shows in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", documented(name), re.DOTALL | re.MULTILINE)
