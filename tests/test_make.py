"""The make targets of a generated project, as its user types them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import generate, git, run
from .projects import make


def test_help_names_each_target_and_what_it_does(generated: Callable[..., Path]) -> None:
    project = generated()

    shown = make(project, "help")

    text = (project / "Makefile").read_text()
    documented = re.findall(r"^([a-z-]+):.*## (.*)$", text, re.MULTILINE)
    assert shown.returncode == 0
    assert re.findall(r"^  ([a-z-]+) +(.*)$", shown.stdout, re.MULTILINE) == documented
    groups = re.findall(r"^##@ (.*)$", text, re.MULTILINE)
    assert [line for line in shown.stdout.splitlines() if line in groups] == groups
    assert "\033" not in shown.stdout
    assert make(project).stdout == shown.stdout


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("random_forest", "make repro model=random_forest"),
        ("iris", "make repro dataset=iris"),
        ("prod", "make help"),
        ("nonsense", "make help"),
    ],
)
def test_a_word_that_is_no_target_stops_make_before_any_runs(
    word: str, hint: str, template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path)

    done = make(project, "repro", word)

    assert done.returncode == 2
    assert re.fullmatch(
        rf"Makefile:\d+: \*\*\* {word}: no such target; type: {hint}.  Stop.\n", done.stderr
    )
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("goal", ["serve", "report", "predict"])
def test_a_setting_for_a_target_that_takes_none_stops_make(
    goal: str, template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path)

    done = make(project, goal, "serving.port=3456")

    assert done.returncode == 2
    hint = "serving.port=3456: only repro takes settings; type: make repro serving.port=3456"
    assert re.fullmatch(rf"Makefile:\d+: \*\*\* {hint}.  Stop.\n", done.stderr)


def test_each_target_that_needs_the_environment_makes_it_first(
    template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path)
    targets = re.findall(r"^([a-z-]+):", (project / "Makefile").read_text(), re.MULTILINE)

    for target in targets:
        lines = make(project, "--dry-run", target).stdout.splitlines()
        needs = [line for line in lines if re.search(r"bin/python|\.venv|lint-imports", line)]
        assert lines, target
        if needs:
            assert lines[0].endswith("python3 src/project/environment.py"), target
    assert len(targets) > 60


def test_setup_installs_mends_and_adds_tensorflow(template: Path, tmp_path: Path) -> None:
    project = generate(template, tmp_path, framework="sklearn")
    packages = project / ".venv/lib"
    lock = project / "requirements/sklearn.txt"

    first = make(project, "setup")
    assert first.returncode == 0, first.stderr
    assert list(packages.glob("*/site-packages/sklearn/__pycache__/*.pyc"))
    assert not list(packages.glob("*/site-packages/tensorflow"))

    assert make(project, "setup").stdout == ""

    text = lock.read_text()
    lock.write_text(re.sub(r"(?ms)^types-pyyaml==.*?(?=^\S)", "", text))
    assert make(project, "setup").returncode == 0
    assert not list(packages.glob("*/site-packages/yaml-stubs"))

    lock.write_text(text)
    (project / ".venv/installed.txt").unlink()  # as a kill half-way leaves it
    assert make(project, "setup").returncode == 0
    assert list(packages.glob("*/site-packages/yaml-stubs"))

    missing = make(project, "repro", "model=keras_mlp")
    assert "model=keras_mlp needs TensorFlow, which is not installed; type: make keras" in (
        missing.stderr
    )

    added = make(project, "keras")
    assert added.returncode == 0, added.stderr
    assert list(packages.glob("*/site-packages/tensorflow"))
    assert git(project, "diff", "--name-only", "conf") == "conf/project.yaml"


def test_lint_passes_and_formatting_changes_nothing(generated: Callable[..., Path]) -> None:
    project = generated(title='The "wine" of the Müllers', owner="Zoë")

    lint = make(project, "lint")
    make(project, "format")

    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert git(project, "status", "--porcelain") == ""


def test_a_project_without_tensorflow_has_nothing_to_format_either(
    generated: Callable[..., Path],
) -> None:
    project = generated(framework="sklearn", title="Räder: 'n' more", owner='O"Neil')

    for check in (["check"], ["format", "--check"]):
        done = run(["bin/python", "-m", "ruff", *check, "."], project)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("framework", ["keras", "sklearn"])
def test_a_new_project_starts_with_the_parameters_of_its_conf(
    framework: str, generated: Callable[..., Path]
) -> None:
    project = generated(title='The "wine" of the Müllers', owner="Zoë", framework="keras")
    if framework == "sklearn":  # the environment of Keras serves both
        project = generated("other", framework=framework)

    composed = run([str(project / "bin/python"), "-m", "project.params"], project)

    assert composed.returncode == 0, composed.stderr
    assert git(project, "status", "--porcelain") == ""
