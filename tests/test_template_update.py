"""A project is brought up to date with its template, and keeps what the user made."""

import re
from collections.abc import Callable
from pathlib import Path

from .conftest import PROJECT, commit_all, generate, git, run
from .updating import CONFIG, edit, move_on, pack, record, update


def test_the_users_edits_and_the_templates_change_are_both_there(
    project: Path, changing_template: Path
) -> None:
    edit(project / CONFIG, "seed: 42", "seed: 7")
    commit_all(project, "Another seed")
    newer = move_on(changing_template)

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Updated to {changing_template} at {newer[:10]}.")
    assert "seed: 7" in (project / CONFIG).read_text()
    assert (project / CONFIG).read_text().startswith("# Newer.\n")
    assert (project / "new.sh").stat().st_mode & 0o111
    assert not (project / "LICENSE").exists()
    assert record(project)["commit"] == newer
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s%n%b", "-1") == (
        f"Update from Slipway\nTemplate-Commit: {newer}"
    )
    assert [path.name for path in project.rglob("*.rej")] == []


def test_the_projects_tests_pass_after_an_update(
    project: Path, changing_template: Path, link_environment: Callable[[Path], None]
) -> None:
    edit(project / CONFIG, "seed: 42", "seed: 7")
    edit(project / CONFIG, "experiment: null", "experiment: wine_quality")
    commit_all(project, "Another default")
    move_on(changing_template)
    update(project)

    link_environment(project)
    done = run(["make", "test"], project)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_squashed_history_is_updated_again(project: Path, changing_template: Path) -> None:
    move_on(changing_template)
    update(project)
    edit(project / CONFIG, "seed: 42", "seed: 7")
    git(project, "checkout", "--quiet", "--orphan", "squashed")
    commit_all(project, "All that was")
    edit(changing_template / PROJECT / CONFIG, "# Newer.\n", "# Newest.\n")
    newest = commit_all(changing_template, "Newest")

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert (project / CONFIG).read_text().startswith("# Newest.\n")
    assert "seed: 7" in (project / CONFIG).read_text()
    assert record(project)["commit"] == newest


def test_a_licence_of_an_earlier_year_stays_as_it_is(
    project: Path, changing_template: Path
) -> None:
    text = re.sub(r"\(c\) \d{4}", "(c) 2019", (project / "LICENSE").read_text())
    (project / "LICENSE").write_text(text)
    commit_all(project, "As generated in 2019")
    edit(changing_template / PROJECT / CONFIG, "seed: 42", "seed: 43")
    commit_all(changing_template, "Newer")

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert (project / "LICENSE").read_text() == text
    assert "seed: 43" in (project / CONFIG).read_text()


def test_composed_settings_stay_the_users(project: Path, changing_template: Path) -> None:
    for folder, text in [(project, "seed: 7\n"), (changing_template / PROJECT, "seed: 43\n")]:
        (folder / "params.yaml").write_text(text)
        commit_all(folder, "Other settings")
    move_on(changing_template)

    assert update(project).returncode == 0
    assert (project / "params.yaml").read_text() == "seed: 7\n"


def test_with_nothing_new_nothing_happens(project: Path, changing_template: Path) -> None:
    (changing_template / "docs" / "why.md").write_text("Not a part of what is generated.\n")
    commit_all(changing_template, "Document")
    head = git(project, "rev-parse", "HEAD")

    done = update(project)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Nothing to update")
    assert git(project, "rev-parse", "HEAD") == head


def test_a_new_question_is_answered_by_its_default(project: Path, changing_template: Path) -> None:
    edit(changing_template / "cookiecutter.json", '"title":', '"team": "us",\n  "title":')
    (changing_template / PROJECT / "team.txt").write_text("<<cookiecutter.team>>\n")
    commit_all(changing_template, "Ask for the team")

    assert update(project).returncode == 0
    assert (project / "team.txt").read_text() == "us\n"
    assert record(project)["answers"]["team"] == "us"
    assert record(project)["answers"]["title"] == 'The "wine"'


def test_a_question_that_is_asked_no_more_is_left_out(
    project: Path, changing_template: Path
) -> None:
    move_on(changing_template)
    asked = re.sub(r' *"owner": .*\n', "", (changing_template / "cookiecutter.json").read_text())
    (changing_template / "cookiecutter.json").write_text(asked)
    for file in ("CODEOWNERS", "LICENSE", "README.md", "conf/project.yaml", "params.yaml"):
        path = changing_template / PROJECT / file
        if path.exists():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("cookiecutter.owner", "cookiecutter.title"))
    newer = commit_all(changing_template, "Ask for no owner")

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert record(project)["commit"] == newer
    assert "owner" not in record(project)["answers"]


def test_a_tag_may_be_asked_for(project: Path, changing_template: Path) -> None:
    tagged = move_on(changing_template)
    git(changing_template, "tag", "v2")
    edit(changing_template / PROJECT / CONFIG, "# Newer.\n", "# Newest.\n")
    commit_all(changing_template, "Newest")

    assert update(project, CHECKOUT="v2").returncode == 0
    assert record(project)["commit"] == tagged


def test_a_template_that_has_moved_is_followed(project: Path, changing_template: Path) -> None:
    newer = move_on(changing_template)
    moved = changing_template.rename(changing_template.with_name("moved"))

    gone = update(project)
    done = update(project, TEMPLATE=str(moved))

    assert gone.returncode == 1
    assert gone.stderr.count("\n") == 1
    assert done.returncode == 0, done.stderr
    assert (record(project)["template"], record(project)["commit"]) == (str(moved), newer)


def test_a_zip_is_followed_by_a_zip(changing_template: Path, tmp_path: Path) -> None:
    old = pack(changing_template, tmp_path / "slipway-1.zip")
    project = generate(old, tmp_path / "made")
    edit(project / CONFIG, "seed: 42", "seed: 7")
    commit_all(project, "Another seed")
    move_on(changing_template)
    new = pack(changing_template, tmp_path / "slipway-2.zip")

    asked = update(project)
    done = update(project, TEMPLATE=str(new))

    assert asked.returncode == 1
    assert "make template-update TEMPLATE=" in asked.stderr
    assert done.returncode == 0, done.stderr
    assert (project / CONFIG).read_text().startswith("# Newer.\n")
    assert "seed: 7" in (project / CONFIG).read_text()
    assert record(project)["template"] == str(new)


def test_a_project_within_a_larger_repository_is_updated_in_its_place(
    changing_template: Path, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "mono")
    (tmp_path / "mono" / "own.txt").write_text("mine\n")
    project = generate(changing_template, tmp_path / "mono" / "models")
    commit_all(tmp_path / "mono", "A model")
    move_on(changing_template)

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert (project / "new.sh").exists()
    assert (tmp_path / "mono" / "own.txt").read_text() == "mine\n"
    assert git(tmp_path / "mono", "status", "--porcelain") == ""
