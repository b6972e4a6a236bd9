"""Commits without a work tree: what they replace, what they leave, and what git refuses."""

from pathlib import Path

import pytest

from delivery.state.objects import GitError, Objects

from .conftest import git, own_settings

__all__ = ["own_settings"]


@pytest.fixture
def objects(folder: Path) -> Objects:
    """Make a repository whose folders hold all kinds of things."""
    git(folder, "init", "--quiet", "--template=")
    (folder / "dev/toy").mkdir(parents=True)
    (folder / "dev/run.sh").write_text("true\n")
    (folder / "dev/run.sh").chmod(0o755)
    (folder / "dev/toy/größe").write_text("1")
    (folder / "dev/link").symlink_to("run.sh")
    (folder / "dev.txt").write_text("sorted before the folder dev")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(folder, "add", "--all")
    git(folder, *who, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},test/module")
    git(folder, *who, "commit", "--quiet", "-m", "Start")
    names = {f"GIT_{who}_{key}": "ada@x.y" for who in ("AUTHOR", "COMMITTER") for key in KEYS}
    return Objects(folder / ".git", names)


KEYS = ("NAME", "EMAIL")


def listed(objects: Objects, commit: str) -> set[str]:
    return {*objects.text("ls-tree", "-r", commit).splitlines()}


def test_a_commit_replaces_what_it_names_and_leaves_the_rest(objects: Objects) -> None:
    before = objects.text("rev-parse", "HEAD")
    files = {path: objects.write(path.encode()) for path in ("dev/toy/a", "prod/toy/history/b")}

    made = objects.commit(before, files, "Go on\n")

    added = {f"100644 blob {blob}\t{path}" for path, blob in files.items()}
    assert listed(objects, made) == listed(objects, before) | added
    assert objects.text("rev-parse", f"{made}^") == before
    assert objects.text("fsck", "--strict", "--no-dangling") == ""
    assert objects.ids(made, ["dev/toy/a", "test/toy/a"]) == {"dev/toy/a": files["dev/toy/a"]}


def test_what_git_does_not_store_is_an_error_of_its_own_words(objects: Objects) -> None:
    before = objects.text("rev-parse", "HEAD")

    with pytest.raises(GitError, match=r"^git mktree: .*2{40}"):
        objects.commit(before, {"dev/toy/a": "2" * 40, "b/c": objects.write(b"c")}, "Go on\n")
