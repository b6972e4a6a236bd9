"""Every answer is checked before anything is generated."""

import ast
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, USER, cookiecutter

GOOD = [
    {"project": "a"},
    {"project": "0-9"},
    {"project": "a" * 40},
    {"title": 'It\'s "x" \\ {{ y }} ${z}'},
    {"title": "Wein für Žofie 🍷"},
    {"owner": "@ada"},
    {"owner": "@data-team/wine_models"},
    {"owner": "Ada Lovelace <ada@example.org>"},
    {"owner": 'Ada "the Countess" O\'Byron'},
    {"registry": "ghcr.io/organisation"},
    {"registry": "registry.example.org:5000/team/models"},
    {"registry": "localhost/models"},
    {"registry": "registry:5000/models"},
    {"framework": "sklearn"},
    {"licence": "Proprietary"},
]

BAD = [
    {"project": ""},
    {"project": "Wine"},
    {"project": "wine_model"},
    {"project": "wine.model"},
    {"project": "-wine"},
    {"project": "wine-"},
    {"project": "a" * 41},
    {"project": "folder/wine"},
    {"project": "../wine"},
    {"project": "wine\n"},
    {"project": "wéin"},
    {"title": ""},
    {"title": " Wine"},
    {"title": "Wine\nmodel"},
    {"title": "Wine\x07"},
    {"title": "x" * 81},
    {"owner": ""},
    {"owner": "@"},
    {"owner": "@ada/models/wine"},
    {"owner": "@ada@example.org"},
    {"owner": "Ada\nLovelace"},
    {"registry": ""},
    {"registry": "Local"},
    {"registry": "ghcr.io"},
    {"registry": "organisation/models"},
    {"registry": "https://ghcr.io/organisation"},
    {"registry": "ghcr.io/Organisation"},
    {"registry": "ghcr.io/organisation/"},
    {"framework": "pytorch"},
    {"framework": ""},
    {"licence": "mit"},
]


def one(answers: dict[str, str]) -> str:
    ((key, answer),) = answers.items()
    return f"{key}={answer[:30]!r}"


@pytest.mark.parametrize("answers", GOOD, ids=one)
def test_a_good_answer_is_kept_as_it_was_given(
    answers: dict[str, str], template: Path, tmp_path: Path
) -> None:
    done = cookiecutter("--no-input", "-o", str(tmp_path), str(template), *arguments(answers))

    assert done.returncode == 0, done.stdout + done.stderr
    (project,) = tmp_path.iterdir()
    record = json.loads((project / ".cookiecutter.json").read_text(encoding="utf-8"))
    assert answers.items() <= record["answers"].items()


@pytest.mark.parametrize("answers", BAD, ids=one)
def test_a_bad_answer_gets_one_line_and_leaves_nothing(
    answers: dict[str, str], template: Path, tmp_path: Path
) -> None:
    done = cookiecutter("--no-input", "-o", str(tmp_path), str(template), *arguments(answers))

    ((key, answer),) = answers.items()
    assert done.returncode == 1
    assert done.stderr.startswith(f"{key}: {answer!r} does not do; it must be ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_an_answer_to_no_question_is_not_passed_over(template: Path, tmp_path: Path) -> None:
    done = cookiecutter("--no-input", "-o", str(tmp_path), str(template), "license=Apache-2.0")

    assert done.returncode == 1
    assert done.stderr == (
        "license: there is no such question; answer project, title, owner, registry, framework or "
        "licence\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answers", [{"project": "Wine"}, {"title": "<< 1 >>"}], ids=one)
def test_a_bad_answer_in_a_replay_file_is_refused_by_the_hook(
    answers: dict[str, str], template: Path, tmp_path: Path
) -> None:
    good = {"project": "wine", "title": "Wine", "owner": "me", "registry": "local"}
    good |= {"framework": "keras", "licence": "MIT"}
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps({"cookiecutter": good | answers}))

    out = tmp_path / "out"
    done = cookiecutter("--replay-file", str(replay), "-o", str(out), str(template))

    assert done.returncode == 1
    assert done.stderr.startswith(one(answers).replace("=", ": ") + " does not do")
    assert done.stderr.count("\n") == 1
    assert list(out.iterdir()) == []


def test_a_person_is_asked_six_questions_and_told_in_one_line(
    template: Path, tmp_path: Path
) -> None:
    said = answer_at_a_terminal(template, tmp_path, b"Wine\n\n\n\n\n\n")

    assert "[6/6] Licence" in said
    assert said.rstrip().splitlines()[-1].count("project: 'Wine' does not do") == 1
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hook", ["pre_gen_project.py", "post_gen_project.py"])
def test_a_hook_imports_the_standard_library_only(hook: str) -> None:
    tree = ast.parse((ROOT / "hooks" / hook).read_text())

    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    names = [*filter(None, modules), *(alias.name for node in imports for alias in node.names)]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def arguments(answers: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in answers.items()]


def answer_at_a_terminal(template: Path, out: Path, typed: bytes) -> str:
    command = [sys.executable, "-m", "cookiecutter", "--default-config", str(template)]
    main, terminal = pty.openpty()
    os.write(main, typed)
    with os.fdopen(terminal, "rb") as stdin:
        done = subprocess.run(
            command,
            cwd=out,
            env=os.environ | USER,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    os.close(main)
    return done.stdout
