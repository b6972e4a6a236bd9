"""The template as a clean git repository, and the commands by which its users meet it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.act import GitHub

ROOT = Path(__file__).parents[1]
PROJECT = "<<cookiecutter.project>>"

# Whoever runs the tests may have no git identity, and their settings must not matter.
USER = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "user.name",
    "GIT_CONFIG_VALUE_0": "Ada",
    "GIT_CONFIG_KEY_1": "user.email",
    "GIT_CONFIG_VALUE_1": "ada@example.org",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the working tree, as git sees it, into a repository of one commit."""
    return copy_template(tmp_path_factory.mktemp("template") / "slipway")


@pytest.fixture
def changing_template(template: Path, tmp_path: Path) -> Path:
    """Clone the template for a test that changes it."""
    git(tmp_path, "clone", "--quiet", str(template), "slipway")
    return tmp_path / "slipway"


@pytest.fixture
def project(changing_template: Path, tmp_path: Path) -> Path:
    """Generate from the template as it was before it moved on."""
    return generate(changing_template, tmp_path / "made", owner="Zoë", title='The "wine"')


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def generated(template: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that generates a project with its environment linked in."""
    from tests.projects import generate_with_environment

    return lambda name="made", **answers: generate_with_environment(
        template, tmp_path / name, **answers
    )


@pytest.fixture
def link_environment() -> Callable[[Path], None]:
    """Return a function that gives a project the environment that tests share."""
    from tests.projects import link_environment

    return link_environment


@pytest.fixture
def trained(template: Path, shared_folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a project on which `make repro` has run, to be changed."""
    from tests.projects import train

    def copy(name: str, *overrides: str) -> Path:
        project = train(template, shared_folder, overrides)
        return Path(shutil.copytree(project, tmp_path / name, symlinks=True))

    return copy


@pytest.fixture(scope="session")
def packaged(template: Path, shared_folder: Path) -> Path:
    """Return a project that has packaged a model of numbers, booleans and categories."""
    from tests.customers import package_customers

    return package_customers(template, shared_folder)


@pytest.fixture(scope="session")
def hub(
    template: Path, shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["GitHub"]:
    """Return what stands for GitHub, with a project whose main holds a good model."""
    from tests.hub import open_hub

    with open_hub(template, shared_folder, tmp_path_factory.mktemp("github")) as opened:
        yield opened


@pytest.fixture(scope="session")
def fewer(hub: "GitHub", tmp_path_factory: pytest.TempPathFactory) -> str:
    """Propose a forest of fewer trees, with what it comes to; return the branch."""
    from tests.hub import propose

    model, folder = "conf/model/random_forest.yaml", tmp_path_factory.mktemp("fewer")
    propose(hub, folder, "fewer", model, "n_estimators: 10", "n_estimators: 1", "repro")
    return "fewer"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of its own, whose size a test can set."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], None)
    if mounted.returncode:
        pytest.skip(f"a disk can be mounted by root alone: {mounted.stderr.strip()}")
    yield folder
    run(["umount", "--lazy", str(folder)], None)


def copy_template(folder: Path) -> Path:
    """Copy what git keeps, or would keep, of the working tree, and commit it."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit_all(folder, "Template")
    return folder


def generate(template: Path | str, out: Path, **answers: str) -> Path:
    """Generate a project by cookiecutter's command and return its folder."""
    given = [f"{key}={value}" for key, value in answers.items()]
    done = cookiecutter("--no-input", "--output-dir", str(out), str(template), *given)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / answers.get("project", "wine-model")


def cookiecutter(
    *arguments: str, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter's command with a home folder of its own."""
    command = [sys.executable, "-m", "cookiecutter", *arguments]
    with TemporaryDirectory() as home:
        return run(command, cwd, {"HOME": home, "TMPDIR": home} | (environment or {}))


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it printed."""
    done = run(["git", *arguments], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.rstrip("\n")


def commit_all(folder: Path, message: str) -> str:
    """Commit everything in a folder and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def run(
    command: list[str], cwd: Path | None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would, and return what came of it."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | USER | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Read a folder's files, without what git and the moment put there."""
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    kept = [name for name in names if name.parts[0] != ".git"]
    records = (".cookiecutter.json",)
    return {
        str(name): b"" if str(name) in records else (folder / name).read_bytes() for name in kept
    }
