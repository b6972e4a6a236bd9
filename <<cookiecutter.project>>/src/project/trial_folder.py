"""A folder like the project's, for trials: what they find is no record of the project's own."""

import os
import shutil
from pathlib import Path

from project.artefacts import CONF, ONNX, PARAMS, REFERENCE, TEST

#: What traffic and the watch on drift read of the project.
READ = (PARAMS, CONF, ONNX, REFERENCE, TEST)
SOURCES = Path(__file__).resolve().parents[1]


def lay_out(folder: Path) -> None:
    """Make the folder anew, with links to what is read and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in READ:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(path.resolve())


def variables(**words: str) -> dict[str, str]:
    """Return the environment of a module that runs there, with make's words."""
    return {**os.environ, "PYTHONPATH": str(SOURCES), **words}
