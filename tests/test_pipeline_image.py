"""The image of the workflow's tasks, really built, from a base that is this machine's Python."""

import re
from collections.abc import Callable
from pathlib import Path

from .conftest import run
from .test_image import Buildah, buildah, python_base
from .updating import edit

__all__ = ["buildah"]  # the fixture

Generated = Callable[..., Path]


def test_the_image_holds_the_environment_that_the_lock_names(
    generated: Generated, buildah: Buildah, tmp_path: Path
) -> None:
    project = generated(framework="sklearn")
    base = python_base(buildah, tmp_path / "base")
    config = project / "conf/config.yaml"
    config.write_text(re.sub(r"service_base: .*", f"service_base: {base}", config.read_text()))
    lock = project / "requirements/sklearn.txt"
    small = re.search(r"(?ms)^pyyaml==.*?(?=^\S)", lock.read_text())
    assert small
    lock.write_text(small[0])
    edit(project / "conf/project.yaml", 'registry: "local"', "registry: ghcr.io/team")
    assert run(["bin/python", "-m", "project.params"], project).returncode == 0

    built = run(["bin/python", "-m", "delivery.pipeline_image"], project)

    assert built.returncode == 0, built.stdout + built.stderr
    name = built.stdout.splitlines()[-1].split()[1].rstrip(";")
    assert re.fullmatch(r"ghcr\.io/team/wine-model-pipeline:[0-9a-f]{12}", name)
    container = buildah("from", name)
    told = "import os, sys, yaml; print(open(sys.prefix + '/installed.txt').read(), os.getuid())"
    found = buildah("run", container, "--", "sh", "-c", f'"$SLIPWAY_PYTHON" -c "{told}"')
    assert found == f"{small[0]} 10001"
