"""Which program builds the image, and what is said where there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.image import builder, run_builder
from project.errors import UserError

MACHINES = {
    "docker with its daemon": ({"docker": 0, "podman": 0}, "docker"),
    "docker without its daemon, and podman": ({"docker": 1, "podman": 0}, "podman"),
    "podman and buildah": ({"podman": 0, "buildah": 0}, "podman"),
    "buildah": ({"buildah": 0}, "buildah"),
}
Install = Callable[[dict[str, int]], None]


@pytest.fixture
def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that makes a machine with these programs, and their exit codes."""

    def make(programs: dict[str, int]) -> None:
        for name, code in programs.items():
            (folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return make


@pytest.mark.parametrize("machine", MACHINES)
def test_the_first_that_works_builds(machine: str, install: Install) -> None:
    programs, expected = MACHINES[machine]
    install(programs)

    assert builder() == expected


@pytest.mark.parametrize(
    ("programs", "missing"),
    [({}, "docker is not installed"), ({"docker": 1}, "docker's daemon does not answer")],
)
def test_what_is_missing_is_said(programs: dict[str, int], missing: str, install: Install) -> None:
    install(programs)

    with pytest.raises(UserError) as refused:
        builder()

    assert str(refused.value) == (
        f"no image can be built: {missing}, nor is podman or buildah installed; "
        "start or install one of them"
    )


def test_a_build_that_fails_says_what_it_needs(install: Install) -> None:
    install({"podman": 1})

    with pytest.raises(UserError) as refused:
        run_builder("podman", "build", "--tag", "wine-model:1")

    assert str(refused.value) == (
        "podman build failed, as it says above; its base, package.service_base, and libraries "
        "come from the network"
    )
