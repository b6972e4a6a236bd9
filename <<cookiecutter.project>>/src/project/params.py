"""Compose conf/ into params.yaml, and see that the two still agree.

`python -m project.params [OVERRIDE …]` writes params.yaml; with `--check` it writes nothing and
fails when conf/ has moved on since: the first stage of dvc.yaml, which depends on conf/, so that a
bare `dvc repro` after an edit never reports the old result as up to date.
"""

import os
import sys
from pathlib import Path
from typing import Any

from project.artefacts import PARAMS, SETTINGS_CHECKED
from project.checked import remember
from project.composing import compose, replaced
from project.errors import UserError, one_line
from project.files import write_text
from project.loading import check, read_params
from project.overrides import (
    head_lines,
    overrides_from_make,
    recorded_overrides,
    recorded_replaced,
    repro_command,
)
from project.settings.group import build
from project.settings.model import ROLES, SklearnModel
from project.yaml_text import yaml_text

HEADER = "# Composed from conf/ by make repro: edit there, not here."


def render(settings: dict[str, Any], overrides: list[str], instead: list[str]) -> str:
    """Write settings as the text of params.yaml, with the overrides that made them.

    instead: what conf/ has where they say otherwise, as `replaced` tells.
    """
    return "\n".join([HEADER, *head_lines(overrides, instead), "", yaml_text(settings)])


def write(overrides: list[str]) -> bool:
    """Compose params.yaml; return whether it changed."""
    settings, instead, before = compose(overrides), replaced(overrides), _present()
    refuse_missing_source(settings["source"], overrides)
    if settings["model"] != before.get("model") or settings["dataset"] != before.get("dataset"):
        refuse_what_cannot_be_made(settings, overrides, before.get("model"))
    if settings == before:
        text = PARAMS.read_text(encoding="utf-8")
        if recorded_overrides(text) == overrides and recorded_replaced(text) == instead:
            return False  # nor is its layout touched: DVC writes another one than we do
    write_text(PARAMS, render(settings, overrides, instead))
    return True


def _present() -> dict[str, Any]:
    """Read params.yaml as it is; one that cannot be read, after a merge perhaps, is replaced."""
    try:
        return read_params()
    except UserError:
        return {}


def refuse_what_cannot_be_made(
    settings: dict[str, Any], overrides: list[str], before: Any = None
) -> None:
    """Raise `UserError` where a model cannot be made, or cannot leave as ONNX.

    That is, its framework is not there or refuses a parameter, or has no converter for it.
    scikit-learn alone knows its parameters, and importing it takes two seconds: so this is for a
    model that is new here, and of its converter it is asked where it is another one than `before`.
    """
    from project.estimator import (
        make_estimator,
        refuse_without_converter,
        refuse_without_tensorflow,
    )

    if settings["model"]["framework"] == "keras":
        refuse_without_tensorflow(settings["model"]["name"])
        return
    model, task = build(SklearnModel, settings["model"]), settings["dataset"]["task"]
    estimator = make_estimator(model, task, overrides)
    was = before.get(ROLES[task]) if isinstance(before, dict) else None
    if getattr(model, ROLES[task]) != was:
        refuse_without_converter(estimator, model, task, overrides)


def refuse_missing_source(source: dict[str, Any], overrides: list[str]) -> None:
    """Raise `UserError` when the user's own file is not there, as DVC would not say what to do."""
    if source["kind"] not in ("file", "sql") or Path(source["path"]).is_file():
        return
    path = source["path"]
    if Path(f"{path}.dvc").exists():
        raise UserError(f"source.path: {path} is not here, but DVC tracks it; type: dvc pull")
    raise UserError(
        f"source.path: no file {path}; put it there (conf/dataset/ says where it comes from), "
        f"or say where it is: {repro_command(overrides, 'source.path')} source.path=…"
    )


def check_agreement() -> dict[str, Any]:
    """Read params.yaml; `UserError` where it is invalid or no longer what conf/ composes to."""
    settings = read_params()
    check(settings)
    if "DVC_EXP_BASELINE_REV" in os.environ:
        return settings  # `dvc exp run` has composed it this moment, with overrides of its own
    text = PARAMS.read_text(encoding="utf-8")
    overrides = recorded_overrides(text)
    if key := _first_difference(settings, compose(overrides)):
        raise UserError(
            f"{PARAMS}: {key} is not what conf/ says (conf/ was edited since); "
            f"type `{repro_command()}` to use the edit"
        )
    _refuse_hidden_edit(overrides, recorded_replaced(text))
    return settings


def _refuse_hidden_edit(overrides: list[str], instead: list[str]) -> None:
    """Raise `UserError` where conf/ was edited in what the last run's overrides hide."""
    # A params.yaml of an older project, or by DVC, does not say what its overrides stand for.
    now = replaced(overrides) if instead else []
    for override, then, today in zip(overrides, instead, now, strict=False):
        if then != today:
            raise UserError(
                f"{PARAMS}: composed with {override}, while conf/ was edited from {then} to "
                f"{today}; type `{repro_command([])}` to use the edit, or `{repro_command()}` to "
                "keep to what was typed"
            )


def _first_difference(left: Any, right: Any, path: str = "") -> str | None:
    if not (isinstance(left, dict) and isinstance(right, dict)):
        return (path or "it") if left != right or type(left) is not type(right) else None
    for key in {**left, **right}:
        inner = f"{path}.{key}" if path else str(key)
        if (key in left) != (key in right):
            return inner
        if found := _first_difference(left[key], right[key], inner):
            return found
    return None


def main() -> None:
    """Write params.yaml, or check it."""
    arguments = sys.argv[1:]
    if arguments == ["--check"]:
        remember(check_agreement())
        write_text(SETTINGS_CHECKED, "conf/ and params.yaml agree\n")
    else:
        write(arguments or overrides_from_make(os.environ.get("MAKEFLAGS", "")))


if __name__ == "__main__":
    one_line(main)
