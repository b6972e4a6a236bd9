"""The project as it stands here, edits and new files included, as a commit that no branch holds."""

from pathlib import Path
from tempfile import TemporaryDirectory

from project.errors import UserError
from project.git import git, run_git

#: Nobody's: the commit is thrown away, and the same files make the same one.
NOBODY = {
    f"GIT_{who}_{key}": value
    for who in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "nobody"), ("EMAIL", ""), ("DATE", "2000-01-01T00:00:00Z"))
}


def tree() -> str:
    """Store the files that git would commit here, and return the name of their tree.

    Neither index nor branch is touched. Raises `UserError` where there is no commit yet.
    """
    if run_git("rev-parse", "--verify", "--quiet", "HEAD").returncode:
        raise UserError("there is no commit here; make one: git init, git add, git commit")
    with TemporaryDirectory() as folder:
        index = str(Path(folder, "index").resolve())
        git("read-tree", "HEAD", GIT_INDEX_FILE=index)
        git("add", "--all", "--", ".", GIT_INDEX_FILE=index)
        return git("write-tree", GIT_INDEX_FILE=index)


def commit(of_tree: str) -> str:
    """Return a commit of a tree."""
    return git("commit-tree", of_tree, "-m", "As it stands", cwd=Path(), **NOBODY)
