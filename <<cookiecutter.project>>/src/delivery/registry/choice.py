"""Which registry this project's packages go to: project.registry, in conf/project.yaml."""

from delivery.registry.folder import Folder
from delivery.registry.interface import Registry
from project.artefacts import REGISTRY
from project.loading import load
from project.settings import Project

LOCAL = "local"


def open_registry() -> Registry:
    """Return the repository of this project's packages; nothing is asked of it yet."""
    project: Project = load("project", Project)
    if project.registry == LOCAL:
        return Folder(REGISTRY / project.name)
    from delivery.registry.http import HttpRegistry

    host, _, path = project.registry.partition("/")
    return HttpRegistry(host, f"{path}/{project.name}")
