"""What Argo CD makes of an ApplicationSet and an Application, without a cluster.

Helm's engine runs the Go templates, as it and Argo CD share Go's text/template.
"""

import copy
import io
import operator
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import Any

import helm_python
import yaml

from .conftest import git

CHART = "apiVersion: v2\nname: applications\nversion: 0.0.0\n"


def generated_files(generator: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of each file that a git generator finds; * stands for slashes too."""
    excluded = [one["path"] for one in generator["files"] if one.get("exclude")]
    wanted = [one["path"] for one in generator["files"] if not one.get("exclude")]
    found = []
    for name, text in _files(Path(generator["repoURL"]), generator["revision"]):
        matched = any(fnmatch(name, glob) for glob in wanted)
        if matched and not any(fnmatch(name, glob) for glob in excluded):
            folder, _, file = name.rpartition("/")
            parts = folder.split("/")
            path = {"path": folder, "segments": parts, "basename": parts[-1], "filename": file}
            # After the file's own, so that a file cannot say where it lies.
            found.append({**yaml.load(text, yaml.CSafeLoader), "path": path})
    return found


def _files(repository: Path, revision: str, path: str = ".") -> Iterator[tuple[str, bytes]]:
    """Read the files below a path, as they are in a revision."""
    command = ["git", "archive", revision, path]
    done = subprocess.run(command, cwd=repository, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        for member in tar:
            if file := tar.extractfile(member):
                yield member.name, file.read()


def applications(
    application_set: Mapping[str, Any], files: list[dict[str, Any]], work: Path
) -> list[Any]:
    """Render the template of an ApplicationSet for each file's parameters."""
    spec = application_set["spec"]
    assert spec["goTemplate"]
    template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **spec["template"]}
    document = yaml.safe_dump(template, width=1000)
    assert spec["goTemplateOptions"] == ["missingkey=error"]
    for file in files:
        for name in re.findall(r"{{ \.([\w.]+) }}", document):
            reduce(operator.getitem, name.split("."), file)  # where Argo CD makes no Application
    chart = work / "applications"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "templates/all.yaml").write_text(
        f"{{{{- range .Values.files }}}}\n---\n{document}{{{{- end }}}}\n"
    )
    with helm_python.Chart.load(chart) as loaded:
        (text,) = loaded.render({"files": files}, name="all", namespace="argocd").values()
    return [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]


def manifests(application: Mapping[str, Any], work: Path) -> list[Any]:
    """Render an Application: its chart at its revision, with its values and parameters."""
    chart, reference = application["spec"]["sources"]
    folder = work / application["metadata"]["name"]
    for name, content in _files(Path(chart["repoURL"]), chart["targetRevision"], chart["path"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    values: dict[str, Any] = {}
    for name in chart["helm"]["valueFiles"]:
        path = name.removeprefix(f"${reference['ref']}/")
        text = git(Path(reference["repoURL"]), "show", f"{reference['targetRevision']}:{path}")
        values = {**values, **yaml.safe_load(text)}
    for parameter in chart["helm"]["parameters"]:
        assert parameter["forceString"]
        values[parameter["name"]] = parameter["value"]
    with helm_python.Chart.load(folder / chart["path"]) as loaded:
        rendered = loaded.render(
            copy.deepcopy(values),
            name=chart["helm"]["releaseName"],
            namespace=application["spec"]["destination"]["namespace"],
        )
    texts = [text for text in rendered.values() if text.strip()]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def permitted(application: Mapping[str, Any], project: Mapping[str, Any]) -> bool:
    """Tell whether an AppProject lets an Application take and put what it says."""
    spec, rights = application["spec"], project["spec"]
    target = spec["destination"]
    return (
        spec["project"] == project["metadata"]["name"]
        and all(
            any(fnmatch(source["repoURL"], glob) for glob in rights["sourceRepos"])
            for source in spec["sources"]
        )
        and any(
            target["server"] == one["server"] and fnmatch(target["namespace"], one["namespace"])
            for one in rights["destinations"]
        )
    )


def kind_of(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return a manifest's group and kind."""
    group, _, _ = document["apiVersion"].rpartition("/")
    return group, document["kind"]
