import subprocess
from pathlib import Path

import pytest

from project.git import git, head_commit, is_vague, last_change

USERS = ("AUTHOR", "COMMITTER")


def test_the_commit_says_whether_it_holds_the_files(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    assert head_commit(tmp_path) == "none"
    assert is_vague("none")
    git("commit", "-q", "--allow-empty", "-m", "First")
    assert len(head_commit(tmp_path)) == 40
    assert not is_vague(head_commit(tmp_path))
    (tmp_path / "edit").touch()
    assert head_commit(tmp_path).endswith("-dirty")
    assert is_vague(head_commit(tmp_path))


def test_a_file_is_as_old_as_its_last_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = Path("dvc.lock")

    def commit(day: int, text: str) -> None:
        lock.write_text(text)
        moment = {f"GIT_{who}_DATE": f"2026-11-{day:02}T23:00:00-0500" for who in USERS}
        git("add", ".")
        git("commit", "-q", "--allow-empty", "-m", "Run", **moment)

    for who in USERS:
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    git("init", "-q")
    commit(1, "one")
    commit(3, "two")
    commit(5, "two")

    assert last_change(lock, "HEAD") == "2026-11-04T04:00:00Z"
    assert last_change(lock, "HEAD~2") == "2026-11-02T04:00:00Z"
    assert last_change(Path("params.yaml"), "HEAD") == ""
    assert last_change(lock, 40 * "0") == ""
