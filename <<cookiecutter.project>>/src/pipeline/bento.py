"""The Bento: the service's code, the model and what is known of it, in the folder BentoML reads.

Written file by file: `bentoml build` takes a second and a half, and puts the moment and a random
version into what it writes.
"""

import ast
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from pipeline.subject import Subject
from project.artefacts import CONTAINERFILE
from project.errors import UserError
from project.settings.package import Package
from project.settings.serving import Serving

SERVICE = "serving.service"
CODE = Path("src")
UNDATED = "1970-01-01T00:00:00+00:00"  # BentoML asks for a moment; the same bytes have none


def bento(
    subject: Subject,
    package: Package,
    serving: Serving,
    code: list[Path],
    lock: str,
    containerfile: str,
    card: str,
) -> dict[str, bytes | Path]:
    """Return the Bento's files by their path in it.

    code: `service_files()`. lock: what serves, with hashes. containerfile: its
    `ARG BASE` is given `package.service_base`.
    """
    files: dict[str, bytes | Path] = {
        "bento.yaml": _yaml(_description(subject, package, lock)),
        "README.md": card.encode(),
        "env/python/requirements.txt": lock.encode(),
        "env/docker/Dockerfile": _pinned(containerfile, package.service_base).encode(),
        "src/model.onnx": subject.model,
        "src/golden.json": subject.golden,
        "src/metrics.json": subject.metrics,
        "src/contract.json": contract_json(subject),
        "src/serving.json": _json(
            {
                "name": subject.project.name,
                "title": subject.project.title,
                **asdict(serving),
            }
        ),
    }
    return files | {str(file): file for file in code}


def contract_json(subject: Subject) -> bytes:
    """Return what the model takes and answers, and what it has seen."""
    return _json(subject.contract | subject.seen)


def service_files() -> list[Path]:
    """List the modules that the service imports, and what else lies in its folder."""
    modules = _imported(SERVICE, set())
    folder = CODE / SERVICE.partition(".")[0]
    other = {
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")
    }
    return sorted(modules | other)


def _imported(module: str, seen: set[Path]) -> set[Path]:
    """Follow a module's imports within src/, those inside functions too."""
    path = CODE / Path(*module.split(".")).with_suffix(".py")
    package = CODE / Path(*module.split(".")) / "__init__.py"
    found = next((file for file in (path, package) if file.is_file()), None)
    if found is None or found in seen:
        return seen
    seen.add(found)
    if "." in module:
        _imported(module.rpartition(".")[0], seen)
    for node in ast.walk(ast.parse(found.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                _imported(alias.name, seen)
        elif isinstance(node, ast.ImportFrom) and node.module:
            _imported(node.module, seen)
            for alias in node.names:
                _imported(f"{node.module}.{alias.name}", seen)
    return seen


def _description(subject: Subject, package: Package, lock: str) -> dict[str, Any]:
    """Return bento.yaml, as BentoML 1.4 writes it."""
    name = subject.project.name
    return {
        "service": f"{SERVICE}:Model",
        "name": name,
        "version": subject.version,
        "bentoml_version": _version("bentoml", lock),
        "creation_time": UNDATED,
        "labels": {
            "model": subject.model_digest,
            "dataset": subject.dataset_digest,
            "parameters": subject.parameters_digest,
        },
        "models": [],
        "entry_service": name,
        "services": [{"name": name, "service": "", "models": [], "dependencies": [], "config": {}}],
        "envs": [],
        "schema": {"name": name, "type": "service", "routes": []},
        "args": {},
        "spec": 2,
        "image": {
            "base_image": package.service_base,
            "python_version": "3.11",
            "commands": [],
            "python_requirements": "",  # in env/python, once: a retrained model sends this file
            "post_commands": [],
            "build_include": [],
        },
    }


def _version(name: str, lock: str) -> str:
    found = re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)
    if not found:
        raise UserError(f"requirements/serving.txt: expected a line {name}==…; type: make lock")
    return found.group(1)


def _pinned(containerfile: str, base: str) -> str:
    pinned, places = re.subn("^ARG BASE$", f"ARG BASE={base}", containerfile, flags=re.MULTILINE)
    if places != 1:
        raise UserError(
            f"{CONTAINERFILE}: expected one line ARG BASE, which package.service_base is written to"
        )
    return pinned


def _json(value: Any) -> bytes:
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _yaml(value: dict[str, Any]) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
