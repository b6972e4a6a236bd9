"""The chart's values: what the package is, and what an environment chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delivery.environments import Environment, Name
from delivery.package import read_package
from delivery.provenance import source_commit
from delivery.pushed_image import image_digest
from delivery.registry.choice import LOCAL
from delivery.repository import web_folder
from project.artefacts import DVC_LOCK, PACKAGE
from project.errors import UserError
from project.git import last_change
from project.loading import load
from project.settings.identity import Project

RUNBOOKS = Path("docs/runbooks")
#: For a registry that is a folder: a name that no cluster finds, rather than somebody else's.
NOWHERE = "registry.invalid"


@dataclass(frozen=True)
class Facts:
    """What is deployed. digest: of the ModelCar; version: for people, and the image's tag.

    repository: where ModelCars go, without scheme. image_digest: of the Bento's image, where known.
    commit, committed: what the package was made from, and when its dvc.lock was committed, as
    a model is as old as its run; empty where the package's provenance names no commit.
    """

    name: str
    version: str
    digest: str
    repository: str
    image_digest: str = ""
    commit: str = ""
    committed: str = ""

    @property
    def image_repository(self) -> str:
        """Where the Bento's images go, without scheme."""
        return f"{self.repository}-service"

    @property
    def model(self) -> dict[str, str]:
        """What names the model in the chart's values."""
        return {
            "digest": self.digest,
            "version": self.version,
            "commit": self.commit,
            "committed": self.committed,
        }


def package_facts(manifest: Mapping[str, Any], registry: str, image_digest: str = "") -> Facts:
    """Say of a package's manifest.json what the chart must know."""
    place = NOWHERE if registry == LOCAL else registry
    return Facts(
        name=manifest["name"],
        version=manifest["version"],
        digest=manifest["digests"]["modelcar"],
        repository=f"{place}/{manifest['name']}",
        image_digest=image_digest,
    )


def candidate_facts(folder: Path = PACKAGE) -> Facts:
    """Return the facts of the package in a folder."""
    project: Project = load("project", Project)
    package = read_package(folder)
    commit = source_commit(package)
    facts = package_facts(package.manifest, project.registry)
    return replace(
        facts,
        image_digest=image_digest(package, facts.image_repository),
        commit=commit,
        committed=last_change(DVC_LOCK, commit) if commit else "",
    )


def chart_values(name: Name, environment: Environment, facts: Facts) -> dict[str, Any]:
    """Return the values with which the chart renders a package in an environment."""
    if not facts.name[0].isalpha():
        raise UserError(f"conf/project.yaml: name: {facts.name}: a Service's begins with a letter")
    return {
        "name": facts.name,
        "environment": name,
        "model": {"repository": facts.repository, **facts.model},
        "image": {
            "repository": facts.image_repository,
            "digest": facts.image_digest,
            "tag": facts.version,
        },
        **environment.values,
    }


def with_runbooks(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values whose alerts point to pages in the repository, unless they point elsewhere."""
    monitoring = values.get("monitoring", {})
    rules = monitoring.get("rules", {})
    address = web_folder(RUNBOOKS) if rules.get("enabled") and "runbooks" not in rules else None
    if address is None:
        return dict(values)
    return {**values, "monitoring": {**monitoring, "rules": {**rules, "runbooks": address}}}
