"""dvc.yaml says of each stage what its code does: a stage re-runs when what it uses changes."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from pipeline.bento import service_files
from pipeline.package import MADE_BY

SERVICE = "src/serving"  # what the package holds, and does not import
SRC = Path("src")
STAGES = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = {name: stage["cmd"].split()[2] for name, stage in STAGES.items()}
# The ground floor that all stand on: a change there that matters changes an output or a setting.
GROUND = {f"project.{name}" for name in ("artefacts", "errors", "files", "loading", "overrides")}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"settings"}))
def test_a_stage_depends_on_every_module_that_it_imports(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")} - {SERVICE}

    assert declared == {str(path_of(module)) for module in imported(MODULES[stage])}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"settings"}))
def test_a_stage_declares_the_settings_that_it_reads(stage: str) -> None:
    text = path_of(MODULES[stage]).read_text(encoding="utf-8")
    read = re.findall(r'load\("(\w+)"', text) + (list(MADE_BY) if stage == "package" else [])

    assert sorted(STAGES[stage]["params"]) == sorted(read)


def test_the_package_depends_on_all_of_the_service_that_it_holds() -> None:
    declared = STAGES["package"]["deps"]
    held = [str(path) for path in service_files()]

    assert SERVICE in declared
    assert f"{SERVICE}/service.py" in held
    assert [path for path in held if not path.startswith(f"{SERVICE}/")] == []


def test_each_stage_is_a_module_of_its_name() -> None:
    named = {name: module.split(".")[-1] for name, module in MODULES.items() if name != "settings"}

    assert all(name == module for name, module in named.items())


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"settings"}))
def test_a_stage_has_one_public_function_of_its_name_beside_main(stage: str) -> None:
    tree = ast.parse(path_of(MODULES[stage]).read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]

    assert [name for name in functions if not name.startswith("_")] == [stage, "main"]


def imported(module: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Follow a module's imports, those inside functions too, down to the ground floor."""
    found = {module}
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in [name for name in whole if path_of(name).exists()] or [node.module]:
                is_ground = name in GROUND or name.startswith("project.settings.")
                ours = path_of(name).exists() and not is_ground
                if ours and name not in seen | found:
                    found |= imported(name, seen | found)
    return found


def path_of(module: str) -> Path:
    """Return where a module of the project lies."""
    return SRC / Path(*module.split(".")).with_suffix(".py")
