"""Stage package: the judged model becomes a Bento, a ModelCar, and a list of what is in them."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.bento import bento, contract_json, service_files
from pipeline.model_card import model_card
from pipeline.model_repository import model_repository
from pipeline.modelcar import write_modelcar
from pipeline.sbom import model_sbom, sbom
from pipeline.scan import scan
from pipeline.subject import Subject, contract_of, version_of
from project.artefacts import (
    BENTO,
    CONTAINERFILE,
    EVALUATION,
    GOLDEN,
    MANIFEST,
    METRICS,
    MODEL_SBOM,
    MODELCAR,
    ONNX,
    PACKAGE,
    RAW,
    SBOM,
    SERVING_LOCK,
    TRAIN,
)
from project.errors import UserError, one_line
from project.files import content_sha256, read_json, replacing, write_json
from project.loading import load, settings_made_of
from project.oci import Descriptor, canonical, digest_of, file_digest
from project.settings.identity import Project
from project.settings.package import Package
from project.settings.serving import Serving

#: The settings that made the model. Its source is in the dataset's digest.
MADE_BY = ("dataset", "evaluation", "export", "model", "seed", "split", "validation")


@dataclass(frozen=True)
class Contents:
    """What is shipped: files by their path in the Bento and below the image's /models."""

    bento: dict[str, bytes | Path]
    modelcar: dict[str, bytes | Path]
    labels: dict[str, str]
    sbom: dict[str, Any]
    model_sbom: dict[str, Any]


def package(
    subject: Subject,
    settings: Package,
    serving: Serving,
    code: list[Path],
    lock: str,
    containerfile: str,
) -> Contents:
    """Put together what is shipped of a model; `UserError` where its verdict is `refused`.

    code: the service's modules. lock: the libraries that serve, with hashes.
    """
    _refuse_refused(subject.evaluation)
    card = model_card(subject)
    described: dict[str, bytes | Path] = {
        "README.md": card.encode(),
        "contract.json": contract_json(subject),
        "golden.json": subject.golden,
    }
    return Contents(
        bento=bento(subject, settings, serving, code, lock, containerfile, card),
        modelcar=model_repository(subject, settings.runtime) | described,
        labels=_labels(subject),
        sbom=sbom(subject.project, lock),
        model_sbom=model_sbom(subject, lock),
    )


def _refuse_refused(evaluation: dict[str, Any]) -> None:
    """Raise `UserError` with the reasons where the verdict is `refused`."""
    if evaluation["verdict"] != "passed":
        raise UserError(f"refused: {'; '.join(evaluation['reasons'])}")


def _labels(subject: Subject) -> dict[str, str]:
    """Name the image after the OCI's annotations, and the model by what it is made of."""
    project = subject.project
    licence = "LicenseRef-Proprietary" if project.licence == "Proprietary" else project.licence
    return {
        "org.opencontainers.image.title": project.name,
        "org.opencontainers.image.description": project.title,
        "org.opencontainers.image.authors": project.owner,
        "org.opencontainers.image.licenses": licence,
        "org.opencontainers.image.version": subject.version,
        "io.slipway.task": subject.evaluation["task"],
        "io.slipway.model.digest": subject.model_digest,
        "io.slipway.dataset.digest": subject.dataset_digest,
        "io.slipway.parameters.digest": subject.parameters_digest,
    } | {f"io.slipway.metric.{name}": repr(value) for name, value in subject.values.items()}


def _manifest(
    subject: Subject, runtime: str, modelcar: Descriptor, folder: Path = PACKAGE
) -> dict[str, Any]:
    """Name the package by its digests; `files` is all that the stage has written."""
    written = [
        SBOM,
        MODEL_SBOM,
        *sorted(path for root in (BENTO, MODELCAR) for path in root.rglob("*")),
    ]
    return {
        "name": subject.project.name,
        "version": version_of(modelcar.digest),
        "runtime": runtime,
        "digests": {
            "modelcar": modelcar.digest,
            "bento": f"sha256:{content_sha256(BENTO)}",
            "sbom": file_digest(SBOM),
            "model": subject.model_digest,
            "dataset": subject.dataset_digest,
            "parameters": subject.parameters_digest,
        },
        "metrics": subject.values,
        "task": subject.evaluation["task"],
        "files": {
            path.relative_to(folder).as_posix(): file_digest(path)
            for path in sorted(written)
            if path.is_file()
        },
    }


def _read_subject(settings: Package) -> Subject:
    """Read the model, having scanned it, and what the earlier stages say of it."""
    evaluation = read_json(EVALUATION)
    _refuse_refused(evaluation)
    graph = scan(ONNX, settings)
    contract = contract_of(ONNX, graph)
    return Subject(
        project=load("project", Project),
        model=ONNX,
        graph=graph,
        contract=contract,
        seen=_seen(contract),
        evaluation=evaluation,
        golden=GOLDEN.read_bytes(),
        metrics=METRICS.read_bytes(),
        model_digest=file_digest(ONNX),
        dataset_digest=file_digest(RAW),
        parameters_digest=digest_of(canonical(settings_made_of(MADE_BY))),
    )


def _seen(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of each category column in train, and the range of a number predicted."""
    names = [name for name, kind in contract["columns"].items() if kind == "category"]
    target = [] if contract["classes"] else [contract["target"]]
    if not names + target:
        return {"categories": {}, "target_range": None}
    from pyarrow import compute, parquet

    table = parquet.ParquetFile(TRAIN).read(columns=names + target)
    values = {name: table.column(name).unique().drop_null().to_pylist() for name in names}
    ranges = [compute.min_max(table.column(name)).as_py() for name in target]
    return {
        "categories": {name: sorted(found) for name, found in values.items()},
        "target_range": [ranges[0]["min"], ranges[0]["max"]] if ranges else None,
    }


def _write_files(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write files into a new folder; those that are paths are copied."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        else:
            target.write_bytes(content)


def main() -> None:
    """Run the stage."""
    settings = load("package", Package)
    subject = _read_subject(settings)
    contents = package(
        subject,
        settings,
        load("serving", Serving),
        service_files(),
        SERVING_LOCK.read_text(encoding="utf-8"),
        CONTAINERFILE.read_text(encoding="utf-8"),
    )
    with replacing(BENTO) as folder:
        _write_files(folder, contents.bento)
    with replacing(MODELCAR) as layout:
        modelcar = write_modelcar(layout, contents.modelcar, contents.labels, settings.base)
    write_json(SBOM, contents.sbom)
    write_json(MODEL_SBOM, contents.model_sbom)
    write_json(MANIFEST, _manifest(subject, settings.runtime, modelcar))
    print(f"{subject.project.name} {version_of(modelcar.digest)}: {modelcar.digest}")


if __name__ == "__main__":
    one_line(main)
