"""Keep what git does not hold: `make backup [ENV=…] [OUT=file]`, `make restore FROM=file`.

That is the registry, where it is a folder here, and MLflow's database with its artefacts. Of
another registry, the packages that run are kept, as `make pull` brings them. The archive is a plain
tar, with the SHA-256 of each file in digests.json.
"""

import os
import sqlite3
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery import asked, packages
from delivery.environments import NAMES, Name
from delivery.registry.choice import LOCAL
from delivery.state.store import StateStore
from project.artefacts import MLFLOW_ARTIFACTS, MLFLOW_DATABASE, PULLED, REGISTRY
from project.errors import UserError, one_line
from project.files import read_json, replacing, sha256, write_json
from project.loading import load
from project.settings.identity import Project

BACKUPS = Path("build/backup")
DIGESTS = Path("digests.json")
INDEX = "index.json"


class NothingError(UserError):
    """There is nothing that an archive could keep."""


def back_up(archive: Path, environments: tuple[Name, ...] = NAMES) -> list[Path]:
    """Write an archive of what is here and of what these environments run; return its files.

    Raises `UserError` where a package that runs is in the registry no more.
    """
    places = [*_packages(environments), MLFLOW_ARTIFACTS]
    with replacing(archive) as temporary, tarfile.open(temporary, "w") as tar:
        digests: dict[str, str] = {}
        if MLFLOW_DATABASE.exists():
            _add_database(tar, digests)
        for path in (path for place in places for path in _files(place)):
            tar.add(path, path.as_posix(), recursive=False)
            digests[path.as_posix()] = sha256(path)
        if not digests:
            raise NothingError("nothing to keep here: neither packages nor an MLflow database")
        with TemporaryDirectory() as folder:
            write_json(Path(folder, DIGESTS), digests)
            tar.add(Path(folder, DIGESTS), DIGESTS.as_posix())
    return [Path(name) for name in digests]


@dataclass(frozen=True)
class Restored:
    """The places that were missing and are back, and those that hold something else by now."""

    back: list[Path]
    left: list[Path]


def restore(archive: Path) -> Restored:
    """Put back the places of an archive that are missing, and leave those that are here.

    All of the archive is verified first: `UserError` where a file is not what its digest says, and
    then nothing is changed.
    """
    if not archive.is_file():
        raise UserError(f"FROM={archive}: no such file; make backup writes them to {BACKUPS}/")
    BACKUPS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=BACKUPS, prefix=".restore-") as folder:
        staged = Path(folder)
        digests = _unpack(archive, staged)
        places = sorted({_place(Path(name)) for name in digests})
        missing = [place for place in places if not place.exists()]
        others = {
            _place(path)
            for path, digest in ((Path(name), digest) for name, digest in digests.items())
            if _place(path) not in missing and not (path.is_file() and _kept_as(path) == digest)
        }
        for place in missing:
            place.parent.mkdir(parents=True, exist_ok=True)
            (staged / place).rename(place)
    return Restored(missing, sorted(others))


def _packages(environments: tuple[Name, ...]) -> list[Path]:
    """Return the folders that hold packages, having seen that what runs is among them."""
    project: Project = load("project", Project)
    store = StateStore.open()
    running = {name: store.current(name, project.name) for name in environments}
    deployed = {name: found for name, found in running.items() if found}
    digests = {found.digest: name for name, found in deployed.items()}
    digests |= {found.canary.digest: name for name, found in deployed.items() if found.canary}
    for digest, name in digests.items():
        if not packages.exists(digest):
            raise UserError(f"{name} runs {digest}, which the registry does not have; nothing kept")
    if project.registry == LOCAL:
        return [REGISTRY / project.name]
    return [packages.fetch(digest).folder for digest in digests]


def _files(place: Path) -> list[Path]:
    """List a place's files; an index before the blobs it names, which are never taken away."""
    found = [path for path in place.rglob("*") if path.is_file() and path.suffix != ".tmp"]
    return sorted(found, key=lambda path: (path.name != INDEX, path))


def _add_database(tar: tarfile.TarFile, digests: dict[str, str]) -> None:
    with _database_copy() as copy:
        tar.add(copy, MLFLOW_DATABASE.as_posix())
        digests[MLFLOW_DATABASE.as_posix()] = sha256(copy)


def _kept_as(path: Path) -> str:
    """Return the digest that a file here would have in an archive; empty where it has none."""
    if path != MLFLOW_DATABASE:
        return sha256(path)
    try:
        with _database_copy() as copy:
            return sha256(copy)
    except UserError:
        return ""


@contextmanager
def _database_copy() -> Iterator[Path]:
    """Yield a copy of the database as of one moment, whoever writes to it meanwhile.

    SQLite's own counters are others than in the original, and the same in each copy.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder, MLFLOW_DATABASE)
        try:
            with (
                closing(sqlite3.connect(MLFLOW_DATABASE)) as here,
                closing(sqlite3.connect(copy)) as to,
            ):
                here.backup(to)
        except sqlite3.Error as error:
            raise UserError(f"{MLFLOW_DATABASE}: {error}; put another one there") from None
        yield copy


def _unpack(archive: Path, staged: Path) -> dict[str, str]:
    """Unpack an archive and return its digests, each of which was checked."""
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(staged, filter="data")
        digests = read_json(staged / DIGESTS)
        if not isinstance(digests, dict):
            raise ValueError(f"{DIGESTS}: expected digests by file")
    except (tarfile.TarError, FileNotFoundError, ValueError) as error:
        raise UserError(f"{archive}: not an archive of make backup: {error}") from None
    (staged / DIGESTS).unlink()
    found = {path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()}
    for name in sorted(found ^ digests.keys()):
        raise UserError(f"{archive}: {name}: {'is missing' if name in digests else 'was added'}")
    for name, digest in digests.items():
        if sha256(staged / name) != digest:
            raise UserError(f"{archive}: {name}: is not what it was when it was kept")
        _place(Path(name))
    return digests


def _place(path: Path) -> Path:
    """Return what is restored as a whole: a repository, a package, the database, the artefacts."""
    for root in (REGISTRY, PULLED):
        if path.is_relative_to(root) and path != root:
            return root / path.relative_to(root).parts[0]
    if path == MLFLOW_DATABASE or path.is_relative_to(MLFLOW_ARTIFACTS):
        return Path(path.parts[0])
    raise UserError(f"{path}: is none of what make backup keeps")


def main() -> None:
    """Back up, or restore where the first argument says so."""
    if sys.argv[1:] == ["restore"]:
        named = asked.given("FROM")
        if named is None:
            raise UserError("FROM: which archive? type: make restore FROM=build/backup/….tar")
        restored = restore(Path(named))
        listed = ", ".join(map(str, restored.back)) or "nothing was missing"
        print(f"restored from {named}, each file as its digest says: {listed}")
        for place in restored.left:
            print(f"left alone: {place}, not as in the archive; to have that, move this away")
        return
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    archive = Path(asked.given("OUT") or BACKUPS / f"{asked.model()}-{now}.tar")
    named_environments = (asked.environment(),) if os.environ.get("ENV") else NAMES
    try:
        files = back_up(archive, named_environments)
    except NothingError:
        store, model = StateStore.open(), asked.model()
        if len(named_environments) > 1 or store.current(named_environments[0], model):
            raise
        print(f"{named_environments[0]}: nothing runs there yet, and nothing is to be kept")
        return
    print(f"kept {len(files)} files in {archive} ({archive.stat().st_size:,} bytes)")
    print(f"make restore FROM={archive}")


if __name__ == "__main__":
    one_line(main)
