"""What git does not hold is kept in an archive, and comes back only as it was."""

import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from delivery import packages
from delivery.backup import Restored, back_up, main, restore
from delivery.keys import make_keys
from delivery.push import main as push
from delivery.push import push_package
from delivery.registry.choice import open_registry
from delivery.sign import signed_package
from delivery.state.record import Record, State
from delivery.state.store import StateStore
from delivery.verify import verify_package
from project.errors import UserError, one_line
from project.files import write_json

from ..conftest import Once
from .conftest import Make, files_below
from .small_registry import small_registry
from .state.conftest import deploy, git, own_settings

__all__ = ["own_settings"]

ARCHIVE = Path("kept.tar")
KEPT = ("registry", "mlflow.db", "mlartifacts")


@pytest.fixture
def project(folder: Path, make_package: Make, once: Once) -> Path:
    """Return a project that has pushed a package and filed a run."""
    once("pushed and filed", lambda: make_project(folder, make_package))
    return folder


def make_project(folder: Path, make_package: Make) -> None:
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    make_package()
    make_keys()
    push()
    with closing(sqlite3.connect("mlflow.db")) as database:
        for name in ("zeroth", "first"):  # a transaction each, which SQLite counts
            with database:
                database.execute("CREATE TABLE IF NOT EXISTS runs (name TEXT)")
                database.execute("DELETE FROM runs")
                database.execute("INSERT INTO runs VALUES (?)", [name])
    Path("mlartifacts/1").mkdir(parents=True)
    Path("mlartifacts/1/model.onnx").write_bytes(b"weights")


def kept(folder: Path) -> dict[str, bytes]:
    return {
        name: content
        for name, content in files_below(folder).items()
        if name.startswith(("registry/toy", "mlartifacts"))
    }


def lose(folder: Path) -> None:
    shutil.rmtree("registry")
    shutil.rmtree("mlartifacts")
    Path("mlflow.db").unlink()


def test_what_was_lost_comes_back(project: Path) -> None:
    before = kept(project)
    back_up(ARCHIVE)
    lose(project)

    assert restore(ARCHIVE).back == [Path("mlartifacts"), Path("mlflow.db"), Path("registry/toy")]

    assert kept(project) == before
    with closing(sqlite3.connect("mlflow.db")) as database:
        assert database.execute("SELECT name FROM runs").fetchall() == [("first",)]
    tag = next(iter(Path("dist/modelcar").rglob("index.json"))).read_text()
    assert packages.exists(tag.partition('"digest":"')[2].partition('"')[0])


def test_a_second_restore_finds_nothing_missing(project: Path) -> None:
    back_up(ARCHIVE)
    assert restore(ARCHIVE) == Restored([], [])
    lose(project)
    restore(ARCHIVE)

    assert restore(ARCHIVE) == Restored([], [])


def test_what_is_there_and_differs_is_left_and_said_and_the_rest_comes_back(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept(project)
    back_up(ARCHIVE)
    shutil.rmtree("registry")
    with closing(sqlite3.connect("mlflow.db")) as database, database:
        database.execute("INSERT INTO runs VALUES ('second')")
    monkeypatch.setattr("sys.argv", ["backup", "restore"])
    monkeypatch.setenv("FROM", str(ARCHIVE))
    capsys.readouterr()

    main()

    assert kept(project) == before
    with closing(sqlite3.connect("mlflow.db")) as database:
        assert len(database.execute("SELECT name FROM runs").fetchall()) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"restored from {ARCHIVE}, each file as its digest says: registry/toy",
        "left alone: mlflow.db, not as in the archive; to have that, move this away",
    ]


def test_a_database_that_is_none_is_named_and_left(project: Path) -> None:
    back_up(ARCHIVE)
    Path("mlflow.db").write_bytes(b"no database" * 1000)
    assert restore(ARCHIVE) == Restored([], [Path("mlflow.db")])
    with pytest.raises(UserError, match=r"^mlflow\.db: file is not a database; put another one"):
        back_up(ARCHIVE)
    assert restore(ARCHIVE).left == [Path("mlflow.db")]  # the archive of before is still whole


def changed(archive: Path) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"weights", b"WEIGHTS"))


def cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:20_000])


def added(archive: Path) -> None:
    Path("new.txt").write_text("new")
    with tarfile.open(archive, "a") as tar:
        tar.add("new.txt", "mlartifacts/new.txt")


def outside(archive: Path) -> None:
    Path("new.txt").write_text("new")
    with tarfile.open(archive, "a") as tar:
        tar.add("new.txt", "../new.txt")


def without_names(archive: Path) -> None:
    write_json(Path("digests.json"), ["mlflow.db"])
    with tarfile.open(archive, "a") as tar:
        tar.add("digests.json")


def removed(archive: Path) -> None:
    archive.unlink()


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed": (changed, "kept.tar: mlartifacts/1/model.onnx: is not what it was when it was kept"),
    "cut": (cut, "kept.tar: not an archive of make backup: "),
    "added": (added, "kept.tar: mlartifacts/new.txt: was added"),
    "outside": (outside, "kept.tar: not an archive of make backup: "),
    "without names": (without_names, "kept.tar: not an archive of make backup: digests.json: exp"),
    "removed": (removed, "FROM=kept.tar: no such file; make backup writes them to build/backup/"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_archive_restores_nothing(
    project: Path, damage: Callable[[Path], None], said: str
) -> None:
    back_up(ARCHIVE)
    lose(project)
    damage(ARCHIVE)

    with pytest.raises(UserError) as refused:
        restore(ARCHIVE)
    assert str(refused.value).startswith(said)
    assert not any(Path(name).exists() for name in KEPT)


def test_what_runs_must_be_in_the_registry(project: Path) -> None:
    deploy(7)

    with pytest.raises(UserError, match=r"^dev runs sha256:0+7, which the registry does not have"):
        back_up(ARCHIVE)
    assert not ARCHIVE.exists()
    back_up(ARCHIVE, ("prod",))
    assert ARCHIVE.exists()


def test_of_a_remote_registry_what_runs_is_kept_as_pulled(
    folder: Path, make_package: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    with small_registry() as server:
        make_package(registry=f"{server.host}/team")
        make_keys()
        digest = push_package(open_registry(), signed_package()).digest
        settings = {"model": "toy", "environment": "dev", "digest": digest}
        known = {"digest": digest, "environment": "dev", "model": "toy", "commit": "0" * 40}
        store = StateStore.open()
        store.change("dev", "toy", State.of(settings, {}), Record(action="deploy", **known))
        back_up(ARCHIVE)
    shutil.rmtree("build/pulled")

    assert restore(ARCHIVE).back == [Path("build/pulled") / digest[7:]]
    assert verify_package(Path("build/pulled") / digest[7:]).digest == digest


def test_make_backup_says_how_to_restore(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["backup"])
    for name in ("ENV", "OUT", "FROM"):
        monkeypatch.delenv(name, raising=False)
    main()
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("kept ")
    lose(project)

    monkeypatch.setattr("sys.argv", ["backup", "restore"])
    with pytest.raises(SystemExit, match="error: FROM: which archive"):
        one_line(main)
    monkeypatch.setenv("FROM", said[1].partition("FROM=")[2])
    main()
    assert capsys.readouterr().out.endswith(": mlartifacts, mlflow.db, registry/toy\n")


def test_before_the_first_package_of_an_environment_nothing_is_to_be_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(project)
    monkeypatch.setattr("sys.argv", ["backup"])
    monkeypatch.delenv("ENV", raising=False)
    with pytest.raises(UserError, match="nothing to keep here"):
        main()

    monkeypatch.setenv("ENV", "prod")
    main()

    assert "prod: nothing runs there yet, and nothing is to be kept" in capsys.readouterr().out
    assert not list(project.glob("build/backup/*.tar"))
