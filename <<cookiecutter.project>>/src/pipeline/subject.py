"""What is packaged: a model that was judged, with all that is said of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx import ModelProto

from project.errors import UserError
from project.overrides import repro_command
from project.settings.identity import Project

SHOWN = 12  # of a digest's 64 digits, where a person reads them: a version


@dataclass(frozen=True)
class Subject:
    """A judged model.

    model: the file; graph: the same, as read by `scan`. contract: what it takes and answers.
    seen: what train held, for the service to tell what is new. golden, metrics: the bytes of the
    reports. model_digest, dataset_digest, parameters_digest: `sha256:…`.
    """

    project: Project
    model: Path
    graph: ModelProto
    contract: dict[str, Any]
    seen: dict[str, Any]
    evaluation: dict[str, Any]
    golden: bytes
    metrics: bytes
    model_digest: str
    dataset_digest: str
    parameters_digest: str

    @property
    def version(self) -> str:
        """The model's name among its versions: the start of its digest."""
        return version_of(self.model_digest)

    @property
    def values(self) -> dict[str, float]:
        """Each metric's value."""
        return {name: row["value"] for name, row in self.evaluation["metrics"].items()}


def contract_of(path: Path, graph: ModelProto) -> dict[str, Any]:
    """Return what the model says of itself; `UserError` where it says nothing."""
    for entry in graph.metadata_props:
        if entry.key == "contract":
            return dict(json.loads(entry.value))
    raise UserError(f"{path}: no contract in its metadata; type: {repro_command()}")


def version_of(digest: str) -> str:
    """Shorten `sha256:…` to what a person can read aloud."""
    return digest.removeprefix("sha256:")[:SHOWN]
