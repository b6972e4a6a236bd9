"""The bill of materials of what serves, as CycloneDX 1.6: the locked libraries; and the model.

Two documents, of which the second names the first: a model that was trained anew leaves the long
list of libraries as it was, and sends a short one.
"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pipeline.subject import Subject
from project.errors import UserError
from project.oci import digest_of
from project.settings.identity import Project

if TYPE_CHECKING:
    from cyclonedx.model import HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?P<hashes>(?: \\\n +--hash=sha256:[0-9a-f]{64})+)$",
    re.MULTILINE,
)
MARKER = "io.slipway.python.marker"


@dataclass(frozen=True)
class Requirement:
    """A locked library; marker: the machines that it is for; hashes: of each of its files."""

    name: str
    version: str
    marker: str | None
    hashes: list[str]


def sbom(project: Project, lock: str) -> dict[str, Any]:
    """List the lock's libraries; the same input gives the same list, undated."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType

    service = Component(
        name=project.name,
        type=ComponentType.APPLICATION,
        bom_ref="service",
        description=project.title,
    )
    bom = Bom(serial_number=_serial(lock))
    bom.metadata.component = service
    parts = [_library(found) for found in requirements(lock)]
    bom.components.update(parts)
    bom.register_dependency(service, parts)
    return _written(bom)


def model_sbom(subject: Subject, lock: str) -> dict[str, Any]:
    """Describe the model, and refer to the list of the libraries that serve it."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.bom import Bom

    bom = Bom(serial_number=uuid5(NAMESPACE_URL, subject.model_digest))
    model = _model(subject)
    libraries = XsUri(f"urn:cdx:{_serial(lock)}/1")  # a BOM-Link
    model.external_references.add(ExternalReference(type=ExternalReferenceType.BOM, url=libraries))
    bom.metadata.component = model
    return _written(bom)


def _serial(lock: str) -> UUID:
    return uuid5(NAMESPACE_URL, digest_of(lock.encode()))


def _written(bom: "Bom") -> dict[str, Any]:
    from cyclonedx.output.json import JsonV1Dot6

    made: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del made["metadata"]["timestamp"]
    return made


def requirements(lock: str) -> list[Requirement]:
    """Read a lock that `make lock` wrote; `UserError` where a line of it has no hash."""
    found = [
        Requirement(
            match["name"],
            match["version"],
            match["marker"],
            re.findall("[0-9a-f]{64}", match["hashes"]),
        )
        for match in REQUIREMENT.finditer(lock)
    ]
    pinned = re.findall(r"^[\w.-]+", lock, re.MULTILINE)
    if [requirement.name for requirement in found] != pinned:
        raise UserError(
            "requirements/serving.txt: expected name==version and hashes; type: make lock"
        )
    return found


def _library(requirement: Requirement) -> "Component":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from packageurl import PackageURL

    name, version, marker = requirement.name, requirement.version, requirement.marker
    purl = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        scope=ComponentScope.OPTIONAL if marker else ComponentScope.REQUIRED,
        properties=[Property(name=MARKER, value=marker)] if marker else [],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(f"https://pypi.org/project/{name}/{version}/"),
                hashes=[_sha256(digest) for digest in requirement.hashes],
            )
        ],
    )


def _model(subject: Subject) -> "Component":
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        name="model.onnx",
        version=subject.version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="model",
        hashes=[_sha256(subject.model_digest.removeprefix("sha256:"))],
        properties=[
            Property(name="io.slipway.dataset.digest", value=subject.dataset_digest),
            Property(name="io.slipway.parameters.digest", value=subject.parameters_digest),
        ],
    )


def _sha256(digits: str) -> "HashType":
    from cyclonedx.model import HashAlgorithm, HashType

    return HashType(alg=HashAlgorithm.SHA_256, content=digits)
