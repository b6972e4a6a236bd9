"""The files beside the service's code: the model, its contract and what is known of it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Contract:
    """What the model takes and answers, as the pipeline wrote it.

    columns: number, boolean or category by input column, in order. classes: in the order of the
    probabilities; None for regression. categories: what each category column held in training.
    target_range: the least and the most of a number that is predicted, in the data; else None.
    """

    target: str
    classes: list[str] | None
    columns: dict[str, str]
    categories: dict[str, frozenset[str]]
    target_range: tuple[float, float] | None


@dataclass(frozen=True)
class Bundle:
    """A model with all that serving needs; `digest` is `sha256:…` of the model's file."""

    name: str
    title: str
    model: Path
    digest: str
    contract: Contract
    golden: dict[str, Any]
    metrics: dict[str, float]
    settings: dict[str, Any]

    @property
    def version(self) -> str:
        """The first 12 digits of the digest: short enough to be read out."""
        return self.digest.removeprefix("sha256:")[:12]


def read_bundle(folder: Path) -> Bundle:
    """Read the folder that holds model.onnx and the JSON files beside it."""
    contract, settings = _json(folder, "contract"), _json(folder, "serving")
    model = folder / "model.onnx"
    return Bundle(
        name=settings["name"],
        title=settings["title"],
        model=model,
        digest=f"sha256:{hashlib.sha256(model.read_bytes()).hexdigest()}",
        contract=Contract(
            target=contract["target"],
            classes=contract["classes"],
            columns=contract["columns"],
            categories={name: frozenset(of) for name, of in contract["categories"].items()},
            target_range=contract["target_range"],
        ),
        golden=_json(folder, "golden"),
        metrics=_json(folder, "metrics"),
        settings=settings,
    )


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
