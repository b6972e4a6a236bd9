"""The service's image, made from dist/bento by whichever builder the machine has: `make image`.

`PUSH=1` sends it to the project's registry, and writes its digest, which only the registry knows,
into build/image.json: that is how an environment names the image.
"""

import shutil
import subprocess

from delivery.package import read_package
from delivery.recorded import refuse_unrecorded
from delivery.registry.choice import open_images
from delivery.registry.interface import Registry
from delivery.registry.login import is_loopback
from project.artefacts import BENTO, IMAGE
from project.errors import UserError, one_line
from project.files import write_json
from project.switches import is_on

BUILDERS = ("docker", "podman", "buildah")  # the first that works
CONTAINERFILE = BENTO / "env/docker/Dockerfile"


def image() -> str:
    """Build the image and return its name.

    Raises `UserError` where no builder works, or dist/ is not what dvc.lock records.
    """
    package = read_package()
    refuse_unrecorded(package)
    name = f"{package.manifest['name']}:{package.manifest['version']}"
    run_builder(builder(), "build", "--tag", name, "--file", str(CONTAINERFILE), str(BENTO))
    return name


def push_image(name: str, images: Registry) -> dict[str, str]:
    """Send a built image to a repository; return what build/image.json says of it."""
    package, tool = read_package(), builder()
    tag = package.manifest["version"]
    place = f"{images.where}:{tag}"
    run_builder(tool, "tag", name, place)
    within = is_loopback(images.where.partition("/")[0])
    # docker speaks http within this machine by itself.
    http = ["--tls-verify=false"] if within and tool != "docker" else []
    run_builder(tool, "push", *http, place)
    digest = images.resolve(tag)
    if digest is None:
        raise UserError(f"{place}: was pushed and is not there; push again")
    return {"package": package.digest, "repository": images.where, "tag": tag, "digest": digest}


def run_builder(*command: str) -> None:
    """Call a program that builds images, its words shown as they come; `UserError` if it fails."""
    if subprocess.run(command).returncode:
        needs = "its base, package.service_base, and libraries come from the network"
        what = f"; {needs}" if command[1] == "build" else ""
        raise UserError(f"{command[0]} {command[1]} failed, as it says above{what}")


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
    """Build, push where asked, and say how to run it or what it is called."""
    images = open_images() if is_on("PUSH") else None
    name = image()
    print(f"built {name}; run it: docker run --rm --publish 3000:3000 {name}")
    if images:
        pushed = push_image(name, images)
        write_json(IMAGE, pushed)
        print(f"pushed {pushed['repository']}:{pushed['tag']}\n{pushed['digest']} ({IMAGE})")


if __name__ == "__main__":
    one_line(main)
