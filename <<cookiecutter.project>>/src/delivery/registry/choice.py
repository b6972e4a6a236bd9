"""Which registry this project's packages go to: project.registry, in conf/project.yaml."""

import re

from delivery.registry.folder import Folder
from delivery.registry.interface import Registry
from project.artefacts import REGISTRY
from project.errors import UserError
from project.loading import load
from project.settings.identity import Project

LOCAL = "local"
#: As the distribution-spec has it, after a host that may have a port.
PLACE = re.compile(r"([A-Za-z0-9.-]+(?::[0-9]+)?)((?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+)")


def open_registry() -> Registry:
    """Return the repository of this project's packages; nothing is asked of it yet."""
    project: Project = load("project", Project)
    if project.registry == LOCAL:
        return Folder(REGISTRY / project.name)
    place = PLACE.fullmatch(project.registry)
    if not place:
        raise UserError(
            f"conf/project.yaml: registry: {project.registry!r}: expected {LOCAL}, or a host and "
            "a lower-case path, such as ghcr.io/organisation"
        )
    from delivery.registry.http import HttpRegistry

    host, path = place.groups()
    return HttpRegistry(host, f"{path[1:]}/{project.name}")
