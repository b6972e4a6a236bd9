"""What Kubernetes is given: `make manifests ENV=…` renders the chart, without a cluster."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from delivery.chart_values import candidate_facts, chart_values, with_runbooks
from delivery.environments import checked_name, load_environment, namespace
from delivery.helm import WrongValueError, render
from project.artefacts import CHART, CONF, MANIFESTS, PACKAGE
from project.errors import UserError, one_line
from project.files import replacing


def manifests(values: Mapping[str, Any], chart: Path = CHART) -> dict[str, str]:
    """Render a chart with all of its values; return each document by its file's name.

    Raises `WrongValueError` that names the value which the chart refuses.
    """
    where = namespace(values["environment"], values["name"])
    named: dict[str, str] = {}
    for text in render(values, where, chart):
        document = yaml.safe_load(text)
        name = f"{document['kind'].lower()}-{document['metadata']['name']}.yaml"
        assert name not in named, name
        named[name] = text
    return dict(sorted(named.items()))


def candidate_values(name: str, package: Path = PACKAGE) -> dict[str, Any]:
    """Return the values of the package in a folder for an environment."""
    known = checked_name(name)
    return with_runbooks(chart_values(known, load_environment(known), candidate_facts(package)))


def candidate_manifests(name: str, package: Path = PACKAGE) -> dict[str, str]:
    """Render a package for an environment; a wrong value is that of its file."""
    values = candidate_values(name, package)
    try:
        return manifests(values)
    except WrongValueError as error:
        raise UserError(f"{CONF / 'environment' / name}.yaml: values.{error}") from None


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Replace a folder by these files."""
    with replacing(folder) as temporary:
        temporary.mkdir()
        for name, text in files.items():
            (temporary / name).write_text(text, encoding="utf-8")


def main() -> None:
    """Render for the environment that the first argument names."""
    name = sys.argv[1]
    files = candidate_manifests(name)
    folder = MANIFESTS / name
    write(folder, files)
    print(f"{folder}/: {len(files)} manifests, each as its kind and name say")


if __name__ == "__main__":
    one_line(main)
