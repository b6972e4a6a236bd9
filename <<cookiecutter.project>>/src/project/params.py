"""Compose conf/ into params.yaml, and see that the two still agree.

`python -m project.params [OVERRIDE …]` writes params.yaml; with `--check` it writes nothing and
fails when conf/ has moved on since: the first stage of dvc.yaml, which depends on conf/, so that a
bare `dvc repro` after an edit never reports the old result as up to date.
"""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

from project.artefacts import CONF, PARAMS, SETTINGS_CHECKED
from project.checked import remember
from project.errors import UserError, one_line
from project.files import write_text
from project.loading import check, read_params
from project.overrides import head_line, overrides_from_make, recorded_overrides, repro_command
from project.settings.group import build
from project.settings.model import SklearnModel
from project.yaml_text import yaml_text

HEADER = "# Composed from conf/ by make repro: edit there, not here."
NOTHING = ("", "null", "None", "~")


def compose(overrides: list[str], conf: Path = CONF) -> dict[str, Any]:
    """Compose conf/ with Hydra's `overrides`, as `dvc exp run -S` does, and validate the result."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    try:
        with initialize_config_dir(str(conf.resolve()), version_base=None):
            config = hydra_compose("config", overrides=_choices(overrides, conf))
        OmegaConf.resolve(config)
        settings = OmegaConf.to_container(config, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = str(error.full_key)
        command = f"{repro_command(overrides, key)} {key}=…"
        raise UserError(f"{key}: has no value; give one: {command} (or in {conf}/)") from None
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(_explain(error, conf)) from None
    except yaml.YAMLError as error:
        raise UserError(f"{conf}: not YAML: {error}") from None
    check(settings, overrides)
    return dict(settings)  # type: ignore[arg-type]


def _choices(overrides: list[str], conf: Path) -> list[str]:
    """Write `experiment=null` as Hydra would have it; `UserError` where a group has no choice."""
    return [_choice(word, conf) for word in overrides]


def _choice(word: str, conf: Path) -> str:
    group, _, name = word.partition("=")
    if name not in NOTHING or not group or not (conf / group).is_dir():
        return word
    if group == "experiment":
        return "~experiment"
    raise UserError(f"{word}: expected a file of conf/{group}/; choose from {_known(group, conf)}")


def _known(group: str, conf: Path) -> str:
    return ", ".join(sorted(path.stem for path in (conf / group).glob("*.yaml")))


def _explain(error: Exception, conf: Path) -> str:
    text = str(error)
    if unknown := re.search(r"Could not find '(\w+)/([^']+)'", text):
        group, name = unknown.groups()
        known = _known(group, conf)
        return f"{group}={name}: conf/{group}/{name}.yaml does not exist; choose from {known}"
    if unknown := re.search(r"Could not override '([^']+)'", text):
        key = unknown.group(1)
        parameter = f", or add a parameter with +{key}=…" if key.startswith("model.") else ""
        return f"{key}: no such setting in conf/; mend its spelling{parameter}"
    if several := re.search(r"Ambiguous value for argument '([^']+)'", text):
        word = several.group(1)
        return f"{word}: a run has one; for several: dvc exp run --queue -S {shlex.quote(word)}"
    if override := getattr(error, "override", None):
        return f"{override}: expected key=value, odd characters within quotes: key='\"a;b\"'"
    return f"conf/: {text}"


def render(settings: dict[str, Any], overrides: list[str]) -> str:
    """Write settings as the text of params.yaml, with the overrides that made them."""
    return "\n".join([HEADER, *head_line(overrides), "", yaml_text(settings)])


def write(overrides: list[str]) -> bool:
    """Compose params.yaml; return whether it changed."""
    settings, before = compose(overrides), _present()
    refuse_missing_source(settings["source"], overrides)
    if settings["model"] != before.get("model") or settings["dataset"] != before.get("dataset"):
        refuse_what_cannot_be_made(settings, overrides)
    if settings == before:
        recorded = recorded_overrides(PARAMS.read_text(encoding="utf-8"))
        if recorded == overrides:
            return False  # nor is its layout touched: DVC writes another one than we do
    write_text(PARAMS, render(settings, overrides))
    return True


def _present() -> dict[str, Any]:
    """Read params.yaml as it is; one that cannot be read, after a merge perhaps, is replaced."""
    try:
        return read_params()
    except UserError:
        return {}


def refuse_what_cannot_be_made(settings: dict[str, Any], overrides: list[str]) -> None:
    """Raise `UserError` where the model's framework is not there, or refuses a parameter.

    scikit-learn alone knows its parameters, and importing it takes two seconds: so this is for a
    model that is new here.
    """
    from project.estimator import make_estimator, refuse_without_tensorflow

    if settings["model"]["framework"] == "keras":
        refuse_without_tensorflow(settings["model"]["name"])
    else:
        model = build(SklearnModel, settings["model"])
        make_estimator(model, settings["dataset"]["task"], overrides)


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
    expected = compose(recorded_overrides(PARAMS.read_text(encoding="utf-8")))
    if key := _first_difference(settings, expected):
        raise UserError(
            f"{PARAMS}: {key} is not what conf/ says (conf/ was edited since); "
            f"type `{repro_command()}` to use the edit"
        )
    return settings


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
