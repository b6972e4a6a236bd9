"""Which registry this project's packages go to: project.registry, in conf/project.yaml."""

import re

from delivery.registry.folder import Folder
from delivery.registry.interface import Registry
from project.artefacts import REGISTRY
from project.errors import UserError
from project.loading import load
from project.overrides import repro_command
from project.settings.identity import Project

LOCAL = "local"
#: After the project's name: the repository of its service's images.
SERVICE = "-service"
#: As the distribution-spec has it, after a host that may have a port.
PLACE = re.compile(r"([A-Za-z0-9.-]+(?::[0-9]+)?)((?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+)")


def open_registry() -> Registry:
    """Return the repository of this project's packages; nothing is asked of it yet."""
    project: Project = load("project", Project)
    if project.registry == LOCAL:
        return Folder(REGISTRY / project.name)
    return _over_http(project.registry, project.name)


def open_images() -> Registry:
    """Return the repository of this project's service images; `UserError` where there is none."""
    project: Project = load("project", Project)
    if project.registry == LOCAL:
        raise UserError(
            f"conf/project.yaml: registry: {LOCAL} is a folder, which takes no image; name a "
            f"registry, and type: {repro_command()}"
        )
    return _over_http(project.registry, f"{project.name}{SERVICE}")


def _over_http(registry: str, name: str) -> Registry:
    place = PLACE.fullmatch(registry)
    if not place:
        raise UserError(
            f"conf/project.yaml: registry: {registry!r}: expected {LOCAL}, or a host and "
            "a lower-case path, such as ghcr.io/organisation"
        )
    from delivery.registry.http import HttpRegistry

    host, path = place.groups()
    return HttpRegistry(host, f"{path[1:]}/{name}")
