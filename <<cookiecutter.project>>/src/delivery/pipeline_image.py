"""The image that runs the stages on a cluster: `make pipeline-image`."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery.image import builder
from delivery.workflow_settings import load_workflow_settings
from project.errors import one_line
from project.files import sha256
from project.loading import load
from project.settings.identity import Project
from project.settings.package import Package

CONTAINERFILE = Path("deploy/pipeline.Containerfile")


def image_name() -> str:
    """Return what conf/workflow.yaml calls the image, else a name that tells the lock within.

    So it is never the image of an older lock.
    """
    if named := load_workflow_settings().image:
        return named
    project = load("project", Project)
    registry = "" if project.registry == "local" else f"{project.registry}/"
    return f"{registry}{project.name}-pipeline:{sha256(lock())[:12]}"


def lock() -> Path:
    """Return the lock that the project's environment is made from."""
    return Path(f"requirements/{load('project', Project).framework}.txt")


def build() -> str:
    """Build the image and return its name; `UserError` where no builder works."""
    name = image_name()
    with TemporaryDirectory() as folder:  # .venv, data and models are not for the builder to read
        shutil.copy(lock(), folder)
        arguments = [f"BASE={load('package', Package).service_base}", f"LOCK={lock().name}"]
        command = [builder(), "build", "--tag", name, "--file", str(CONTAINERFILE)]
        command += [word for argument in arguments for word in ("--build-arg", argument)]
        if subprocess.run([*command, folder]).returncode:
            sys.exit(1)  # the builder has said why
    return name


def main() -> None:
    """Build, and say how it comes to the cluster."""
    name = build()
    print(f"built {name}; push it to where the cluster pulls: docker push {name}")


if __name__ == "__main__":
    one_line(main)
