"""Prove that the same commit gives the same bytes: `make reproduce`.

Two clean clones of HEAD run every stage, and what they wrote is held against each other and
against dvc.lock.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from project.artefacts import DVC_LOCK, PARAMS
from project.clean_clone import CleanClone, run_stages
from project.dvc_lock import Recorded, content_md5, outputs, read_lock
from project.ending import leave_when_told
from project.errors import UserError, one_line
from project.files import content_sha256
from project.git import git, run_git
from project.lean_table import LeanTable
from project.loading import read_yaml
from project.overrides import repro_command

MISSING = "missing"
SHOWN = 16  # of a digest's 64 letters: enough to see a difference


@dataclass(frozen=True)
class Row:
    """One artefact: its digest in each clone, and whether it is what dvc.lock records."""

    path: str
    first: str
    second: str
    as_recorded: bool


def reproduce(console: Console) -> None:
    """Run HEAD twice and print the digests; `UserError` names the artefacts that differ."""
    commit, recorded = committed()
    data = data_beside_git()
    console.print(f"Reproducing {commit[:10]} in two clean clones")
    if git("status", "--porcelain", "--", "."):
        console.print("Not everything here is committed: this is about HEAD, without your edits")
    with TemporaryDirectory(prefix="slipway-reproduce-") as folder:
        clones = [CleanClone(name, commit, Path(folder, name)) for name in ("first", "second")]
        if data:
            for clone in clones:
                clone.bring(data)
        run_stages(clones, console)
        rows = compare(recorded, clones[0].project, clones[1].project)
    console.print(table(rows))
    refuse_difference(rows)
    console.print(f"All {len(rows)} artefacts are alike, and as {DVC_LOCK} records them")


def committed() -> tuple[str, list[Recorded]]:
    """Return HEAD, and the artefacts that its dvc.lock records."""
    try:
        head = run_git("rev-parse", "--verify", "--quiet", "HEAD")
    except FileNotFoundError:
        raise UserError("git is not installed, and a clean clone needs it") from None
    if head.returncode:
        raise UserError("there is no commit to clone; make one: git init, git add, git commit")
    lock = run_git("show", f"HEAD:./{DVC_LOCK}")
    if lock.returncode:
        raise UserError(
            f"{DVC_LOCK} is not committed, so there is nothing to compare with; "
            f"type: {repro_command()}, then commit it"
        )
    return head.stdout.strip(), outputs(read_lock(lock.stdout))


def data_beside_git() -> Path | None:
    """Return the data that DVC keeps for this commit, which a clone of git alone does not have.

    Raises `UserError` where it lies beside the code, and neither git nor DVC has it.
    """
    settings = read_yaml(git("show", f"HEAD:./{PARAMS}"))
    source: dict[str, Any] = settings["source"]
    path = Path(source["path"])
    if source["kind"] != "file" or path.is_absolute():
        return None
    if run_git("ls-tree", "--name-only", "HEAD", "--", str(path)).stdout:
        return None
    tracked = run_git("show", f"HEAD:./{path}.dvc")
    if tracked.returncode:
        raise UserError(
            f"{path}: not committed, so a clean clone has no data; commit it, or what dvc add "
            f"writes, or give its full path: make repro source.path={path.resolve()}"
        )
    if content_md5(path) != read_yaml(tracked.stdout)["outs"][0]["md5"]:
        raise UserError(f"{path}: not what {path}.dvc records; type: dvc checkout {path}.dvc")
    return path


def compare(recorded: list[Recorded], first: Path, second: Path) -> list[Row]:
    """Digest each recorded artefact in both clones."""
    return [
        Row(
            entry.path,
            content_sha256(first / entry.path) or MISSING,
            content_sha256(second / entry.path) or MISSING,
            content_md5(first / entry.path) == content_md5(second / entry.path) == entry.md5,
        )
        for entry in recorded
    ]


def table(rows: list[Row]) -> LeanTable:
    """Lay the digests out side by side."""
    made = LeanTable("artefact", "first clone", "second clone", str(DVC_LOCK), pad_edge=False)
    for row in rows:
        word = "same" if row.as_recorded else "differs"
        style = None if row.as_recorded and row.first == row.second else "red"
        made.add_row(row.path, row.first[:SHOWN], row.second[:SHOWN], word, style=style)
    return made


def refuse_difference(rows: list[Row]) -> None:
    """Raise `UserError` where the clones differ, or agree on something else than was recorded."""
    unlike = [row.path for row in rows if row.first != row.second]
    if unlike:
        raise UserError(f"the two clones differ in {', '.join(unlike)}")
    moved = [row.path for row in rows if not row.as_recorded]
    if moved:
        raise UserError(
            f"the clones agree, but {DVC_LOCK} records something else for {', '.join(moved)}: "
            "made on another machine, or not by this commit"
        )


def main() -> None:
    """Reproduce; leave nothing behind when told to end."""
    leave_when_told()
    reproduce(Console(highlight=False))


if __name__ == "__main__":
    one_line(main)
