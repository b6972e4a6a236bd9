"""Helm's engine: the machine's own `helm`, or else the same code as a library.

The library is 244 MB that only this needs: it is no part of .venv, but comes by a hashed lock of
its own into build/helm/ when a machine without helm first renders.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from project.artefacts import CHART, HELM_LOCK
from project.errors import UserError
from project.files import replacing, sha256
from project.yaml_text import yaml_text

INSTALLED = Path("build/helm")
#: Helm checks values by draft 2020-12 of JSON Schema since 3.18.
OLDEST = (3, 18)


class WrongValueError(UserError):
    """A value that the chart refuses; the message begins with its key."""


def render(values: Mapping[str, Any], namespace: str, chart: Path = CHART) -> list[str]:
    """Render the chart; return its documents' texts. The cluster is asked nothing.

    Raises `WrongValueError` for the first value that the chart refuses.
    """
    name = str(values["name"])
    if helm := shutil.which("helm"):
        text = _run(helm, "template", name, str(chart), "--namespace", namespace, values=values)
        return documents(text)
    library = _library()
    try:
        with library.Chart.load(chart) as loaded:
            files = loaded.render(dict(values), name=name, namespace=namespace)
    except library.HelmError as error:
        raise complaint(str(error)) from None
    return [text for path in sorted(files) for text in documents(files[path])]


def lint(values: Mapping[str, Any] | None = None, chart: Path = CHART) -> None:
    """Run `helm lint --strict`; `UserError` with what it finds."""
    if helm := shutil.which("helm"):
        _run(helm, "lint", "--strict", str(chart), values=values or {})
        return
    report = _library().lint(chart, dict(values or {}), strict=True)
    if report["errors"]:
        raise complaint(report["errors"][0])


def documents(text: str) -> list[str]:
    """Part YAML into its documents, without comments on where they came from."""
    parts = re.split(r"^---[^\n]*\n", text, flags=re.MULTILINE)
    bare = (re.sub(r"^# Source: [^\n]*\n", "", part, flags=re.MULTILINE).strip() for part in parts)
    return [f"{part}\n" for part in bare if part and yaml.safe_load(part)]


def complaint(text: str) -> UserError:
    """Turn Helm's error into one line, which names the value as conf/ would."""
    if found := re.search(r"- at '([^']*)': (?!'allOf')([^\n]+)", text):
        place, said = found[1].strip("/").replace("/", "."), found[2]
        if unknown := re.match(
            r"additional properties '([^']+)'|invalid propertyName '(.+)'", said
        ):
            key, said = unknown[1] or unknown[2], "no such value, or none that may be set"
            place = f"{place}.{key}".lstrip(".")
        return WrongValueError(f"{place}: {said}")
    if found := re.search(r"execution error at \([^)]*\): ([^\n]+)", text):
        return WrongValueError(found[1])
    return UserError(f"helm: {text}")


def _run(helm: str, *arguments: str, values: Mapping[str, Any]) -> str:
    _refuse_old(helm)
    done = subprocess.run(
        [helm, *arguments, "--values", "-"],
        input=yaml_text(dict(values)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise complaint(done.stdout + done.stderr)
    return done.stdout


def _refuse_old(helm: str) -> None:
    done = subprocess.run([helm, "version", "--short"], capture_output=True, text=True, check=False)
    found = re.search(r"v(\d+)\.(\d+)", done.stdout)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        said = done.stdout.strip() or "no version"
        raise UserError(f"{helm}: {said}; expected v{OLDEST[0]}.{OLDEST[1]} or later, or no helm")


def _library() -> Any:
    """Import helm_python, from the folder of its lock where the environment does not have it."""
    if not importlib.util.find_spec("helm_python"):
        folder = (INSTALLED / sha256(HELM_LOCK)[:12]).resolve()
        if not folder.is_dir():
            _install(folder)
        sys.path.append(str(folder))
    return importlib.import_module("helm_python")


def _install(folder: Path) -> None:
    print(f"installing {HELM_LOCK} into {INSTALLED}", file=sys.stderr, flush=True)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
    with replacing(folder) as target:
        command = [*uv, "--target", str(target), "--requirement", str(HELM_LOCK)]
        if subprocess.run(command).returncode:
            raise UserError(
                f"{HELM_LOCK}: not installed, as stands above; install helm v{OLDEST[0]}."
                f"{OLDEST[1]} or later instead, and make sure it is on the PATH"
            )
