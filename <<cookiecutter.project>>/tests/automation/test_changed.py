"""Paths decide which checks of a pull request run."""

from pathlib import Path

import pytest

from automation.changed import PARTS, main, parts
from project.git import git

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("docs/deploy.md", set()),
        ("README.md", set()),
        ("conf/model/keras_mlp.yaml", {"pipeline"}),
        ("src/pipeline/train.py", {"code", "pipeline"}),
        ("deploy/chart/rules/drift.yaml", {"code", "pipeline"}),
        ("conf/environment/prod.yaml", {"code", "pipeline"}),
        ("docs/runbooks/ModelStale.md", {"code"}),
        ("src/onboarding/target.py", {"code"}),
        ("tests/project/test_git.py", {"code"}),
        ("requirements/keras.txt", {"code", "pipeline", "dependencies"}),
        ("Makefile", {"code", "pipeline", "dependencies"}),
        ("Makefile.old", set()),
        (".github/workflows/deploy.yml", set(PARTS)),
    ],
)
def test_a_file_asks_for_what_it_can_break(file: str, asked: set[str]) -> None:
    assert {part for part, answer in parts([file]).items() if answer} == asked


def test_every_path_is_one_of_the_project_or_comes_later() -> None:
    later = {"dvc.lock", "inputs/"}
    paths = {path for listed in PARTS.values() for path in listed} - later

    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_a_branch_changed_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("BASE", "main")
    git("init", "--quiet", "--initial-branch=main")
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git("config", name, value)
    git("commit", "--quiet", "--allow-empty", "-m", "Begin")
    git("checkout", "--quiet", "-b", "change")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/config.yaml").touch()
    git("add", "conf")
    git("commit", "--quiet", "-m", "Change")

    main()

    expected = "code=false\npipeline=true\ndependencies=false\nworkflows=false\n"
    assert (tmp_path / "output").read_text() == expected
    assert capsys.readouterr().out == expected


def test_a_base_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "nowhere")

    with pytest.raises(SystemExit, match=r"^error: BASE=nowhere: "):
        main()
