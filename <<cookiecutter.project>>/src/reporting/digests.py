"""The names by which a run can be proven the same elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from project.artefacts import (
    DVC_LOCK,
    GOLDEN,
    METRICS,
    ONNX,
    PARAMS,
    RAW,
    TEST,
    TRAIN,
    VALID,
)
from project.files import sha256
from reporting.run import Run

FILES: tuple[tuple[str, Path], ...] = (
    ("Data as fetched", RAW),
    ("Data as validated", VALID),
    ("Rows to train on", TRAIN),
    ("Rows to test on", TEST),
    ("Model", ONNX),
    ("Metrics", METRICS),
    ("Golden rows", GOLDEN),
    ("Settings", PARAMS),
    ("Pipeline", DVC_LOCK),
)


@dataclass(frozen=True)
class Digest:
    """A file's SHA-256."""

    title: str
    path: str
    sha256: str


def digests(run: Run) -> list[Digest]:
    """Return the digest of the source and of each file of the run."""
    source = Digest("Source", run.place or str(run.origin["name"]), run.origin["sha256"])
    return [source, *(Digest(title, path.as_posix(), sha256(path)) for title, path in FILES)]
