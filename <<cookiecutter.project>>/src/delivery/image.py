"""The service's image, made from dist/bento by whichever builder the machine has: `make image`."""

import shutil
import subprocess
import sys

from delivery.package import read_package
from delivery.sign import refuse_unrecorded
from project.artefacts import BENTO
from project.errors import UserError, one_line

BUILDERS = ("docker", "podman", "buildah")  # the first that works
CONTAINERFILE = BENTO / "env/docker/Dockerfile"


def image() -> str:
    """Build the image and return its name.

    Raises `UserError` where no builder works, or dist/ is not what dvc.lock records.
    """
    package = read_package()
    refuse_unrecorded(package)
    name = f"{package.manifest['name']}:{package.manifest['version']}"
    command = [builder(), "build", "--tag", name, "--file", str(CONTAINERFILE), str(BENTO)]
    if subprocess.run(command).returncode:
        sys.exit(1)  # the builder has said why
    return name


def builder() -> str:
    """Return a program that builds images here; `UserError` says what is missing for one."""
    found = [name for name in BUILDERS if shutil.which(name)]
    for name in found:
        if name != "docker" or _docker_answers():
            return name
    missing = "docker's daemon does not answer" if found else "docker is not installed"
    raise UserError(
        f"no image can be built: {missing}, nor is podman or buildah installed; "
        "start or install one of them"
    )


def _docker_answers() -> bool:
    """Tell whether there is a daemon behind docker's command."""
    return subprocess.run(["docker", "version"], capture_output=True).returncode == 0


def main() -> None:
    """Build, and say how to run it."""
    name = image()
    print(f"built {name}; run it: docker run --rm --publish 3000:3000 {name}")


if __name__ == "__main__":
    one_line(main)
