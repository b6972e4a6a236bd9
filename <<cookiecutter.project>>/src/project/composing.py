"""conf/ as Hydra composes it, and what it says where the command line says otherwise."""

import re
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from project.artefacts import CONF
from project.errors import UserError
from project.loading import check
from project.origin import file_of
from project.overrides import key_of, repro_command

NOTHING = ("", "null", "None", "~")


def compose(overrides: list[str], conf: Path = CONF) -> dict[str, Any]:
    """Compose conf/ with Hydra's `overrides`, as `dvc exp run -S` does, and validate the result."""
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    config = _composed(overrides, conf)
    choices = config.hydra.runtime.choices
    del config["hydra"]
    try:
        OmegaConf.resolve(config)
        settings: Any = OmegaConf.to_container(config, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = str(error.full_key)
        command = f"{repro_command(overrides, key)} {key}=…"
        raise UserError(f"{key}: has no value; give one: {command} (or in {conf}/)") from None
    except (OmegaConfBaseException, ValueError) as error:
        raise UserError(_explain(error, overrides, conf)) from None
    check(settings, overrides, partial(file_of, choices=choices, conf=conf))
    _refuse_another_name(settings, choices, conf)
    return dict(settings)


def _refuse_another_name(settings: dict[str, Any], choices: Any, conf: Path) -> None:
    """Raise `UserError` where a copied file still says the other's name, as reports would then."""
    for group in ("model", "dataset"):
        file, name = conf / group / f"{choices[group]}.yaml", settings[group]["name"]
        if name != file.stem:
            raise UserError(f"{file}: {group}.name: expected {file.stem}, as the file is called")


def replaced(overrides: list[str], conf: Path = CONF) -> list[str]:
    """Say what conf/ itself has for each override, `model=keras_mlp` for `model=elasticnet`.

    An edit of that shows in no setting, as the override hides it. A value is that of the files
    that are chosen.
    """
    choices = [word for word in overrides if (conf / key_of(word)).is_dir()]
    words = {}
    if choices:
        chosen = _composed([], conf).hydra.runtime.choices
        words = {word: chosen.get(key_of(word)) for word in choices}
    if values := [word for word in overrides if word not in words]:
        config = _composed(choices, conf)
        words |= {word: _raw(config, key_of(word)) for word in values}
    return [f"{key_of(word)}={_text(words[word])}" for word in overrides]


def _raw(config: Any, key: str) -> Any:
    """Return a value as its file has it: what it refers to may not be there."""
    from omegaconf import OmegaConf

    found = OmegaConf.to_container(config)
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(value: Any) -> str:
    """Write a value on one line."""
    return "null" if value is None else " ".join(str(value).split())


def _composed(overrides: list[str], conf: Path) -> Any:
    """Return Hydra's composition, its own settings included; `UserError` where there is none."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        with initialize_config_dir(str(conf.resolve()), version_base=None):
            config = hydra_compose("config", _choices(overrides, conf), return_hydra_config=True)
    except UnicodeDecodeError:
        raise UserError(f"{_not_utf8(conf)}: not UTF-8; save it so") from None
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(_explain(error, overrides, conf)) from None
    except yaml.YAMLError as error:
        raise UserError(f"{conf}: not YAML: {error}") from None
    OmegaConf.set_struct(config, False)
    return config


def _not_utf8(conf: Path) -> Path:
    """Return the first file of settings that holds other bytes: Hydra does not say which it was."""
    for path in sorted(conf.rglob("*.yaml")):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return path
    return conf


def _choices(overrides: list[str], conf: Path) -> list[str]:
    """Write `experiment=null` as Hydra would have it; `UserError` where a group has no choice."""
    return [_choice(word, conf) for word in overrides]


def _choice(word: str, conf: Path) -> str:
    group, _, name = word.partition("=")
    if key_of(word).partition(".")[0] == "hydra":
        raise UserError(f"{word}: settings of Hydra itself change nothing here; take it out")
    if name not in NOTHING or not group or not (conf / group).is_dir():
        return word
    if group == "experiment":
        return "~experiment"
    raise UserError(f"{word}: expected a file of conf/{group}/; choose from {_known(group, conf)}")


def _known(group: str, conf: Path) -> str:
    return ", ".join(sorted(path.stem for path in (conf / group).glob("*.yaml")))


def _explain(error: Exception, overrides: list[str], conf: Path) -> str:
    text = str(error)
    if unknown := re.search(r"Could not find '(\w+)/([^']+)'", text):
        group, name = unknown.groups()
        known = _known(group, conf)
        return f"{group}={name}: conf/{group}/{name}.yaml does not exist; choose from {known}"
    if unknown := re.search(r"Could not override '([^']+)'", text):
        return _no_such_setting(unknown.group(1), overrides, conf)
    if several := re.search(r"Ambiguous value for argument '([^']+)'", text):
        word = several.group(1)
        point = (
            f", and a fraction has a point: {word.replace(',', '.')}" if _is_fraction(word) else ""
        )
        queue = f"dvc exp run --queue -S {shlex.quote(word)}"
        return f"{word}: a run has one; for several: {queue}{point}"
    if override := getattr(error, "override", None):
        return f"{override}: expected key=value, odd characters within quotes: key='\"a;b\"'"
    return f"conf/: {text}"


def _is_fraction(word: str) -> bool:
    return bool(re.fullmatch(r"[^=]+=[+-]?\d+,\d+", word))


def _no_such_setting(key: str, overrides: list[str], conf: Path) -> str:
    """Say of a key that no file sets what could be meant; an estimator's own are not all set."""
    if not key.startswith("model."):
        return f"{key}: no such setting in conf/; mend its spelling"
    choices = [word for word in overrides if (conf / key_of(word)).is_dir()]
    model = _composed(choices, conf)["model"]
    if model["framework"] == "sklearn":
        return (
            f"{key}: no such setting in conf/; mend its spelling, or add a parameter with +{key}=…"
        )
    known = ", ".join(f"model.{name}" for name in model if name not in ("name", "framework"))
    return f"{key}: {model['name']} has no such setting; choose from {known}"
