"""All stages of a project in one process, one after the other: what `dvc repro` is held against.

Run in the project's folder, by the project's Python; with `--imports` it ends after the imports.
"""

import importlib
import sys

STAGES = ("fetch", "validate", "prepare", "train", "export", "evaluate", "package")


def main() -> None:
    """Import the stages, check the settings as the first stage does, and run the others."""
    framework, *only = sys.argv[1:]
    params = importlib.import_module("project.params")
    modules = [importlib.import_module(f"pipeline.{name}") for name in STAGES]
    importlib.import_module(f"pipeline.{framework}_model")
    if only == ["--imports"]:
        return
    sys.argv[1:] = ["--check"]
    for module in (params, *modules):
        module.main()


if __name__ == "__main__":
    main()
