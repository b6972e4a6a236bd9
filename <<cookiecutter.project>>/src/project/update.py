"""Bring the project up to date with its template, by a three-way merge in git.

The template is generated twice with the project's own answers: as it was, and as it is now. The
two become commits, new upon old, and the new one is cherry-picked onto the user's branch: git
merges with the old template as the base. No template branch and no remembered history is needed,
so a squashed, rebased or shallow repository is updated like any other.
"""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from project.errors import UserError, one_line
from project.files import read_json, write_json
from project.git import git, run_git
from project.template import Version, find_versions, generate

RECORD = ".cookiecutter.json"
# Composed from conf/ with the user's own choices: what the template holds is only a first value.
COMPOSED = "params.yaml"
FINISH = "git cherry-pick --continue (or --abort, to have everything as it was)"


def main() -> None:
    """Update from TEMPLATE, where it has moved, at CHECKOUT, where not the newest is meant."""
    with TemporaryDirectory(prefix="slipway-update-") as folder:
        print(update(Path(folder), os.environ.get("TEMPLATE"), os.environ.get("CHECKOUT")))


def update(work: Path, template: str | None, checkout: str | None) -> str:
    """Merge the newer template into the working folder and say what came of it."""
    record = read_record()
    refuse_unsaved()
    old, new = find_versions(record["template"], record["commit"], template, checkout, work)
    before, _ = generate(old, record["answers"], work / "before")
    after, answers = generate(new, record["answers"], work / "after")
    shutil.copy(RECORD, before)
    write_json(after / RECORD, {"template": new.name, "commit": new.commit, "answers": answers})

    base = commit(before, work / "base", "Slipway as it was")
    update_commit = commit(after, work / "update", message(new), parent=base)
    if changed(base, update_commit) <= {prefix() + RECORD}:
        return f"Nothing to update: the project has all that {new.name} would generate."
    refuse_overwriting(changed(base, update_commit, "--diff-filter=d"))
    merge(update_commit)
    return f"Updated to {new}. See it by git show; make repro runs what it changes."


def read_record() -> dict[str, Any]:
    """Read where the project came from."""
    try:
        record = read_json(Path(RECORD))
        answers = {key: str(value) for key, value in record["answers"].items()}
        return {"template": record["template"], "commit": record["commit"], "answers": answers}
    except FileNotFoundError:
        raise UserError(f"{RECORD} is missing: restore it, it says what to update") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{RECORD} must hold template, commit and answers: restore it from git ({error!r})"
        ) from None


def refuse_unsaved() -> None:
    """Stop where git could not tell the update from what the user is doing."""
    unsaved = git("status", "--porcelain", "--untracked-files=no").splitlines()
    if unsaved:
        more = f" and {len(unsaved) - 1} more" if unsaved[1:] else ""
        raise UserError(f"{unsaved[0][3:]}{more}: changes are not committed; commit them first")


def commit(project: Path, work: Path, message: str, parent: str | None = None) -> str:
    """Store a generated project as a commit that no branch holds, and return its id."""
    (project / COMPOSED).unlink(missing_ok=True)
    tree = work / "tree"
    target = tree / prefix()
    target.parent.mkdir(parents=True)
    project.rename(target)
    aside = {
        "GIT_DIR": git("rev-parse", "--absolute-git-dir"),
        "GIT_WORK_TREE": str(tree),
        "GIT_INDEX_FILE": str(work / "index"),
    }
    git("add", "--all", "--force", ".", cwd=tree, **aside)
    parents = ("-p", parent) if parent else ()
    return git("commit-tree", git("write-tree", cwd=tree, **aside), *parents, "-m", message)


def prefix() -> str:
    """Return the project's folder within its repository: empty, or ending in a slash."""
    return git("rev-parse", "--show-prefix")


def message(new: Version) -> str:
    """Word the commit that the user will find in the log."""
    return "Update from Slipway" + (f"\n\nTemplate-Commit: {new.commit}" if new.commit else "")


def changed(base: str, update: str, *options: str) -> set[str]:
    """List the files in which two commits differ."""
    listed = git("diff-tree", "-r", "-z", "--name-only", "--no-renames", *options, base, update)
    return set(filter(None, listed.split("\0")))


def refuse_overwriting(paths: set[str]) -> None:
    """Stop where the update would write over a file that git does not keep; ignored ones too."""
    top = Path(git("rev-parse", "--show-toplevel"))
    kept = set(git("ls-files", "-z", "--full-name", ":/").split("\0"))
    for path in sorted(paths - kept):
        folders = [str(folder) for folder in Path(path).parents if (top / folder).is_file()]
        mine = [path] if os.path.lexists(top / path) else folders
        for taken in set(mine) - kept:
            raise UserError(
                f"{taken} is not in git and the update brings {path}: move yours away or commit it"
            )


def merge(update_commit: str) -> None:
    """Cherry-pick the update; a conflict is left for the user to settle, as git does."""
    done = run_git("cherry-pick", "--allow-empty", "--keep-redundant-commits", update_commit)
    if done.returncode == 0:
        return
    clashes = git("diff", "--name-only", "--diff-filter=U").splitlines()
    if clashes:
        raise UserError(
            f"the update meets edits of yours in {', '.join(clashes)}: settle the marked places, "
            f"git add them, then type {FINISH}"
        )
    raise UserError(f"git stopped: {done.stderr.strip()}; mend that, then type {FINISH}")


if __name__ == "__main__":
    one_line(main)
