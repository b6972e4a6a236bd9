"""Commits without a work tree: what they replace, what they leave, and what git refuses."""

import random
from pathlib import Path

import pytest

from delivery.state.git_error import GitError
from delivery.state.objects import Objects

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


def test_a_folder_that_is_damaged_is_not_taken_for_none(objects: Objects) -> None:
    commit = objects.text("rev-parse", "HEAD")
    tree = objects.text("rev-parse", "HEAD:dev")
    (objects.folder / "objects" / tree[:2] / tree[2:]).unlink()

    for read in (objects.names, lambda *where: objects.commit(where[0], {"dev/toy/b": "1"}, "Go")):
        with pytest.raises(GitError, match=rf"^git cat-file: {tree}: missing$"):
            read(commit, "dev/toy")


def test_after_an_object_that_git_cannot_read_the_others_are_read(objects: Objects) -> None:
    damaged, whole = objects.write(random.randbytes(10_000)), objects.write(b"whole")
    path = objects.folder / "objects" / damaged[:2] / damaged[2:]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:5_000])

    with pytest.raises(GitError, match=rf"^git cat-file: .*{damaged}"):
        objects.blobs([whole, damaged, whole])
    assert objects.blobs([whole, "1" * 40]) == [b"whole", None]


def test_more_is_read_than_git_and_its_reader_can_hold_in_their_pipes(objects: Objects) -> None:
    names = [objects.write(text * 1000) for text in (b"a", b"b")] * 2000

    assert objects.blobs(names) == [b"a" * 1000, b"b" * 1000] * 2000
