"""An update that cannot be made stops in one line, and nothing is lost."""

from pathlib import Path

import pytest

from .conftest import PROJECT, commit_all, git
from .updating import CONFIG, edit, move_on, record, update


def test_a_conflict_is_gits_own_and_loses_nothing(project: Path, changing_template: Path) -> None:
    edit(project / CONFIG, "# What is composed", "# What I compose")
    mine = commit_all(project, "My words")
    edit(changing_template / PROJECT / CONFIG, "# What is composed", "# What gets composed")
    commit_all(changing_template, "Other words")

    done = update(project)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert CONFIG in done.stderr
    assert "git cherry-pick --continue" in done.stderr
    text = (project / CONFIG).read_text()
    assert "<<<<<<< HEAD\n# What I compose" in text
    assert "# What gets composed" in text
    git(project, "cherry-pick", "--abort")
    assert git(project, "rev-parse", "HEAD") == mine
    assert git(project, "status", "--porcelain") == ""


def test_a_settled_conflict_is_an_update(project: Path, changing_template: Path) -> None:
    edit(project / CONFIG, "# What is composed", "# What I compose")
    commit_all(project, "My words")
    edit(changing_template / PROJECT / CONFIG, "# What is composed", "# What gets composed")
    newer = commit_all(changing_template, "Other words")
    update(project)

    git(project, "checkout", "--ours", CONFIG)
    git(project, "add", CONFIG)
    git(project, "-c", "core.editor=true", "cherry-pick", "--continue")

    assert record(project)["commit"] == newer
    assert update(project).stdout.startswith("Nothing to update")


def test_uncommitted_changes_are_refused(project: Path, changing_template: Path) -> None:
    move_on(changing_template)
    edit(project / CONFIG, "seed: 42", "seed: 7")

    done = update(project)

    assert done.returncode == 1
    assert done.stderr == f"error: {CONFIG}: changes are not committed; commit them first\n"
    assert "seed: 7" in (project / CONFIG).read_text()


@pytest.mark.parametrize("ignored", [False, True], ids=["untracked", "ignored"])
@pytest.mark.parametrize("mine", ["new.sh", "new"])
def test_a_file_that_git_does_not_keep_is_not_overwritten(
    mine: str, ignored: bool, project: Path, changing_template: Path
) -> None:
    if ignored:
        (project / ".git" / "info" / "exclude").write_text(f"{mine}\n")
    (project / mine).write_text("mine\n")
    move_on(changing_template)

    done = update(project)

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {mine} is not in git")
    assert (project / mine).read_text() == "mine\n"
    assert git(project, "log", "--oneline").count("\n") == 0


def test_an_answer_that_is_refused_by_now_is_told_in_one_line(
    project: Path, changing_template: Path
) -> None:
    edit(changing_template / "hooks" / "pre_gen_project.py", 'r"[a-z0-9](', 'r"[a-v0-9](')
    move_on(changing_template)

    done = update(project)

    assert done.returncode == 1
    assert "does not generate with your answers: project: 'wine-model' does not do" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_project_without_its_record_is_told_so(project: Path) -> None:
    git(project, "rm", "--quiet", ".cookiecutter.json")
    git(project, "commit", "--quiet", "-m", "Tidy")

    done = update(project)

    assert done.returncode == 1
    assert done.stderr.startswith("error: .cookiecutter.json is missing")
