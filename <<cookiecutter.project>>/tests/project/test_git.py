import subprocess
from pathlib import Path

from project.git import head_commit, is_vague


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
