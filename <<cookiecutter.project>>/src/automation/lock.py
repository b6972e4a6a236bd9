"""Do params.yaml and dvc.lock belong to the files that are here? `make check-lock`.

As `dvc status`, but without data: what git does not keep may be missing, and there the digests in
dvc.lock must agree with each other. So a clone of git alone can tell what a deploy would refuse.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from project.artefacts import DVC_LOCK
from project.dvc_lock import folder_md5, read_lock
from project.errors import UserError, one_line
from project.git import run_git
from project.loading import read_yaml
from project.overrides import repro_command
from project.params import check_agreement

Stages = dict[str, Any]
MISSING = ("deleted", "not in cache")


def main() -> None:
    """Check; `UserError` names the first stage that was not run on what is here."""
    if not DVC_LOCK.exists():
        raise UserError(f"{DVC_LOCK}: not here; type: {repro_command()}, and commit what it made")
    check_agreement()
    stages = read_lock(DVC_LOCK.read_text(encoding="utf-8"))
    for found in (*stale(status()), *disagreeing(stages)):
        raise UserError(
            f"{DVC_LOCK}: stage {found}; type: {repro_command()}, and commit what it changes"
        )
    print(f"{DVC_LOCK}: all {len(stages)} stages ran on these files and settings")


def status() -> Stages:
    """Ask DVC what has changed since each stage ran; `UserError` where it cannot tell."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".") as repo:
            return dict(repo.status())
    except DvcException as error:
        raise UserError(f"dvc status: {error}") from None


def stale(changed: Stages) -> Iterator[str]:
    """Say what is another file, command or setting than a stage has run with."""
    for stage, changes in changed.items():
        for change in changes:
            if isinstance(change, str):
                yield f"{stage}: {change}"
                continue
            for what, paths in change.items():
                for path, word in paths.items():
                    if not (word in MISSING and is_kept_elsewhere(path)):
                        yield f"{stage}: {what}: {path}: {_words(word)}"


def is_kept_elsewhere(path: str) -> bool:
    """Tell whether git leaves a path to DVC, or it lies outside of the project."""
    # With a slash too, as what is missing may be a folder. 128: outside of the repository.
    known = run_git("check-ignore", "--no-index", "--", path, f"{path}/")
    return known.returncode in (0, 128)


def disagreeing(stages: Stages) -> Iterator[str]:
    """Say which stage has read something else than the one before it wrote, by their digests."""
    written = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
    for name, stage in stages.items():
        for read in stage["deps"]:
            expected = _made(read["path"], written)
            if expected not in (None, read["md5"]):
                yield f"{name}: ran on another {read['path']} than is there now"


def _made(path: str, written: dict[str, str]) -> str | None:
    """Return the digest that a file or folder has by what wrote it; None where no record tells."""
    pointer = Path(f"{path}.dvc")
    if pointer.exists():
        return str(read_yaml(pointer.read_text(encoding="utf-8"))["outs"][0]["md5"])
    if path in written:
        return written[path]
    within = {
        name.removeprefix(f"{path}/"): digest
        for name, digest in written.items()
        if name.startswith(f"{path}/")
    }
    return folder_md5(within) if within else None


def _words(change: Any) -> str:
    if isinstance(change, dict):
        return ", ".join(f"{key} {word}" for key, word in change.items())
    return str(change)


if __name__ == "__main__":
    one_line(main)
