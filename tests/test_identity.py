"""Template and project differ in who the project is, and in nothing else."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from .conftest import PROJECT, contents, generate

# The only files in which the template and what it generates differ: they say who the project is.
IDENTITY = {
    "CODEOWNERS",
    "LICENSE",
    "README.md",
    "conf/config.yaml",
    "conf/project.yaml",
    "params.yaml",
    "pyproject.toml",
}

PLACEHOLDER = re.compile(rb"<[<%#][^\n]*cookiecutter")


def test_placeholders_stand_only_where_identity_is_held(template: Path) -> None:
    held = {name for name, text in contents(template / PROJECT).items() if PLACEHOLDER.search(text)}

    assert held == IDENTITY


def test_no_placeholder_is_left_in_a_project(template: Path, tmp_path: Path) -> None:
    made = contents(generate(template, tmp_path))

    assert [name for name, text in made.items() if PLACEHOLDER.search(text)] == []


def test_a_project_differs_from_the_template_only_in_identity(
    template: Path, tmp_path: Path
) -> None:
    stands, made = contents(template / PROJECT), contents(generate(template, tmp_path))

    assert {name for name in stands if made[name] != stands[name]} == IDENTITY
    assert made.keys() - stands.keys() == {".cookiecutter.json"}
    assert modes(tmp_path / "wine-model", stands) == modes(template / PROJECT, stands)


def test_identity_is_written_as_it_was_answered(template: Path, tmp_path: Path) -> None:
    answers = {"project": "wine", "title": 'It\'s "x" \\ 🍷', "owner": "Zoë <z@example.org>"}
    answers |= {"registry": "ghcr.io/organisation", "framework": "sklearn", "licence": "Apache-2.0"}

    project = generate(template, tmp_path, **answers)

    config = yaml.safe_load((project / "conf" / "project.yaml").read_text(encoding="utf-8"))
    assert config == {"name": answers.pop("project"), **answers}


@pytest.mark.parametrize(
    ("framework", "model"), [("keras", "keras_mlp"), ("sklearn", "random_forest")]
)
def test_the_framework_picks_the_model(
    framework: str, model: str, template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path, framework=framework)

    text = (project / "conf" / "config.yaml").read_text()
    config = yaml.safe_load(text)
    defaults = text.partition("defaults:\n")[2].partition("\n\n")[0].splitlines()
    assert len({line.index("#") for line in defaults}) == 1
    assert {"model": model} in config["defaults"]


@pytest.mark.parametrize(
    ("licence", "words"),
    [
        ("MIT", "Copyright (c) YEAR @ada\n\nPermission is hereby granted, free of charge"),
        ("Apache-2.0", "Apache License\n                           Version 2.0"),
        ("BSD-3-Clause", "Copyright (c) YEAR @ada\n\nRedistribution and use in source and binary"),
        ("Proprietary", "Copyright (c) YEAR @ada\n\nAll rights reserved."),
    ],
)
def test_the_licence_is_the_one_that_was_asked_for(
    licence: str, words: str, template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path, owner="@ada", licence=licence)

    words = words.replace("YEAR", str(datetime.now(UTC).year))
    assert (project / "LICENSE").read_text().lstrip().startswith(words)


@pytest.mark.parametrize(
    ("owner", "line"),
    [
        ("@ada", "* @ada"),
        ("@organisation/team", "* @organisation/team"),
        ("ada@example.org", "* ada@example.org"),
        ("Zoë <z@example.org>", "# * @handle"),
        ("Ada", "# * @handle"),
    ],
)
def test_the_owner_is_asked_to_review_where_github_can_tell_who_it_is(
    owner: str, line: str, template: Path, tmp_path: Path
) -> None:
    project = generate(template, tmp_path, owner=owner)

    assert (project / "CODEOWNERS").read_text().splitlines()[1:] == [line]


@pytest.mark.parametrize("hook", ["pre_gen_project.py", "post_gen_project.py"])
def test_a_hook_is_python_where_it_stands_and_holds_one_placeholder(
    hook: str, template: Path
) -> None:
    text = (template / "hooks" / hook).read_bytes()

    compile(text, hook, "exec")
    assert len(PLACEHOLDER.findall(text)) == 1


def modes(folder: Path, names: dict[str, bytes]) -> dict[str, int]:
    return {name: (folder / name).stat().st_mode for name in names}
