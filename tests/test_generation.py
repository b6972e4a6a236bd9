"""A project is generated from a folder, a git URL or a zip, however the answers are given."""

import json
import shutil
from pathlib import Path

import pytest

from .conftest import contents, cookiecutter, generate, git

QUESTIONS = ("project", "title", "owner", "registry", "framework", "licence")
NO_GIT_USER = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "user.useConfigOnly",
    "GIT_CONFIG_VALUE_0": "true",
}
SOURCES = ["folder", "relative folder", "git URL", "zip", "relative zip"]


@pytest.fixture
def sources(template: Path, tmp_path: Path) -> dict[str, str]:
    bare = tmp_path / "slipway.git"
    archive = tmp_path / "slipway.zip"
    git(tmp_path, "clone", "--quiet", "--bare", str(template), str(bare))
    git(template, "archive", "--prefix=slipway/", f"--output={archive}", "HEAD")
    shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    return {
        "folder": str(template),
        "relative folder": "slipway",
        "git URL": bare.as_uri(),
        "zip": str(archive),
        "relative zip": "./slipway.zip",
    }


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_gives_the_same_project(
    source: str, sources: dict[str, str], template: Path, tmp_path: Path
) -> None:
    expected = generate(template, tmp_path / "expected")

    done = cookiecutter("--no-input", "-o", "made", sources[source], cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "made" / "wine-model"
    assert contents(made) == contents(expected)


@pytest.mark.parametrize("source", SOURCES)
def test_the_record_says_where_the_project_came_from(
    source: str, sources: dict[str, str], template: Path, tmp_path: Path
) -> None:
    cookiecutter("--no-input", "-o", "made", sources[source], "project=wine", cwd=tmp_path)

    record = json.loads((tmp_path / "made" / "wine" / ".cookiecutter.json").read_text())
    of_git = not source.endswith("zip")
    assert record["commit"] == (git(template, "rev-parse", "HEAD") if of_git else None)
    named = sources[source]
    assert record["template"] == (named if "://" in named else str((tmp_path / named).resolve()))
    assert sorted(record["answers"]) == sorted(QUESTIONS)
    assert record["answers"]["title"] == "Wine"


def test_a_template_within_another_repository_has_no_commit(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "mono" / "slipway", ignore=shutil.ignore_patterns(".git"))
    git(tmp_path / "mono", "init", "--quiet")
    git(tmp_path / "mono", "commit", "--quiet", "--allow-empty", "-m", "Another history")

    project = generate(tmp_path / "mono" / "slipway", tmp_path / "made")

    assert json.loads((project / ".cookiecutter.json").read_text())["commit"] is None


@pytest.mark.parametrize("kept", ["all", "the six answers"])
def test_a_replay_file_gives_the_same_project(kept: str, template: Path, tmp_path: Path) -> None:
    expected = generate(template, tmp_path, framework="sklearn", title='The "wine"')
    answers = json.loads((expected / ".cookiecutter.json").read_text())["answers"]
    replay = tmp_path / "answers.json"
    if kept == "all":
        config = tmp_path / "config.yaml"
        config.write_text(f"replay_dir: {tmp_path}/replay\n")
        given = [f"{key}={value}" for key, value in answers.items()]
        options = ("--no-input", "--config-file", str(config), "-o", str(tmp_path / "first"))
        cookiecutter(*options, str(template), *given)
        replay = tmp_path / "replay" / "slipway.json"
    else:
        replay.write_text(json.dumps({"cookiecutter": answers}))

    out = tmp_path / "again"
    done = cookiecutter("--replay-file", str(replay), "-o", str(out), str(template))

    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(out / "wine-model") == contents(expected)


def test_the_project_starts_with_one_commit_of_everything(template: Path, tmp_path: Path) -> None:
    project = generate(template, tmp_path)

    subject, author, trailer = git(project, "log", "--format=%s%n%an%n%(trailers)").splitlines()[:3]
    assert subject == "Generate wine-model from Slipway"
    assert author == "Ada"
    assert trailer == f"Template-Commit: {git(template, 'rev-parse', 'HEAD')}"
    assert git(project, "branch", "--show-current") == "main"
    assert git(project, "status", "--porcelain", "--ignored") == ""


def test_it_prints_the_next_three_commands(template: Path, tmp_path: Path) -> None:
    done = cookiecutter("--no-input", "-o", "out", str(template), cwd=tmp_path)

    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert commands == ["cd out/wine-model", "make repro", "make help"]
    assert done.stderr == ""


def test_someone_whom_git_does_not_know_gets_a_commit_too(template: Path, tmp_path: Path) -> None:
    options = ("--no-input", "-o", str(tmp_path))
    cookiecutter(*options, str(template), environment=NO_GIT_USER)

    assert git(tmp_path / "wine-model", "log", "--format=%an") == "Slipway"


def test_without_git_there_is_a_project_and_a_word_about_it(template: Path, tmp_path: Path) -> None:
    options = ("--no-input", "-o", str(tmp_path))
    done = cookiecutter(*options, str(template), environment={"PATH": str(tmp_path)})

    assert done.returncode == 0
    assert "git was not found" in done.stdout
    assert (tmp_path / "wine-model" / ".cookiecutter.json").exists()
    assert not (tmp_path / "wine-model" / ".git").exists()


def test_within_a_repository_the_commit_is_left_to_the_user(template: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    done = cookiecutter("--no-input", "-o", str(tmp_path / "models"), str(template))

    assert "left to you to commit" in done.stdout
    assert not (tmp_path / "models" / "wine-model" / ".git").exists()
