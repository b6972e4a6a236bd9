"""Reading params.yaml into its settings, or saying in one line which key is wrong, and where."""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from project.artefacts import PARAMS
from project.checked import recall
from project.errors import UserError
from project.overrides import repro_command, told_at
from project.settings.group import HiddenValueError, build

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

    from project.settings.whole import Settings

#: pydantic's words for a key that there is not.
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")

FileOf = Callable[[Sequence[str]], Path]


def check(data: Any, overrides: Sequence[str] = (), file_of: FileOf | None = None) -> "Settings":
    """Validate the whole of params.yaml.

    A `UserError` names the first wrong key and its file, or the one of `overrides` that set it.
    file_of: says which file of conf/ sets a key, where that is known.
    """
    from project.settings.whole import Settings  # a stage reads its group and builds no other

    settings: Settings = _validate(Settings, data, (), overrides, file_of)
    return settings


def load(group: str, kind: Any) -> Any:
    """Read one group of params.yaml, the only one that the calling stage may depend on.

    `kind` is the group's type; a union such as `Source` is no `type[T]` to a type checker.
    """
    if checked := recall():
        return build(kind, checked[group])
    data = read_params()
    if group not in data:
        raise UserError(f"{PARAMS}: {group}: missing; type: {repro_command()}")
    return _validate(kind, data[group], (group,))


def settings_made_of(groups: Sequence[str]) -> dict[str, Any]:
    """Read these groups of params.yaml as plain data, in this order."""
    settings = recall() or read_params()
    return {group: settings[group] for group in groups}


def read_params(path: Path = PARAMS) -> dict[str, Any]:
    """Read params.yaml as plain data."""
    from ruamel.yaml.error import YAMLError

    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; type: {repro_command()}") from None
    except YAMLError as error:
        raise UserError(f"{path}: not YAML ({error}); type: {repro_command()}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: expected groups of settings; type: {repro_command()}")
    return data


def read_yaml(text: str) -> Any:
    """Read YAML 1.2, as DVC does: `no` is a word there, and `1e-05` a number.

    A deploy reads params.yaml ten times: a text is parsed once, and each caller has its own copy.
    """
    return deepcopy(_parsed(text))


@lru_cache(maxsize=16)
def _parsed(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(text)


def on_disk(path: Path) -> str:
    """Read a file as the work tree has it."""
    return path.read_text(encoding="utf-8")


def load_file(kind: Any, path: Path, read: Callable[[Path], str] = on_disk) -> Any:
    """Read a file of settings that is no part of params.yaml, such as conf/workflow.yaml.

    read: gives the file's text, where another version of it is meant than that of the work tree.
    """
    from pydantic import ValidationError
    from ruamel.yaml.error import YAMLError

    try:
        data = read_yaml(read(path))
        return _adapter(kind).validate_python(data)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {error}") from None
    except ValidationError as invalid:
        keys, message = _explain(invalid, ())
        raise UserError(": ".join(filter(None, [str(path), ".".join(keys), message]))) from None


@lru_cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    """Return what validates a kind: pydantic takes longer to make it than to use it."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _validate(
    kind: Any,
    data: Any,
    prefix: tuple[str, ...],
    overrides: Sequence[str] = (),
    file_of: FileOf | None = None,
) -> Any:
    from pydantic import ValidationError  # stages read what was checked before

    try:
        return _adapter(kind).validate_python(data)
    except ValidationError as invalid:
        keys, message = _explain(invalid, prefix)
        file = file_of(keys) if file_of else _file_by_group(keys, data)
        raise UserError(f"{told_at('.'.join(keys), str(file), overrides)}: {message}") from None


def _explain(invalid: "ValidationError", prefix: tuple[str, ...]) -> tuple[list[str], str]:
    """Return the first wrong key, in parts, and what is wrong with it."""
    errors = invalid.errors(include_url=False)
    # Of a misspelt key pydantic tells first that the right one is missing.
    error = next((each for each in errors if each["type"] in UNKNOWN), errors[0])
    tags = {
        "bundled",
        "file",
        "http",
        "sql",
        "sklearn",
        "keras",
    }  # pydantic's, for the kind of source or model
    place = [*prefix, *(str(part) for part in error["loc"])]
    keys = [part for i, part in enumerate(place) if not (i == 1 and part in tags)]
    message = error["msg"].removeprefix("Value error, ")
    if not keys and (named := re.match(r"([a-z_.]+): ", message)):  # groups that disagree
        keys, message = named[1].split("."), message[named.end() :]
    if error["type"].startswith("union_tag"):
        # Which kind of source or model: its own key is wrong, not the group.
        keys = [*keys, str(error["ctx"]["discriminator"]).strip("'")]
        expected = str(error["ctx"].get("expected_tags", "")).replace("'", "")
        message = (
            f"expected one of {expected}, got {error['ctx']['tag']!r}" if expected else "missing"
        )
    elif error["type"] in UNKNOWN:
        message = "no such setting; take it out or mend its spelling"
    elif error["type"] == "missing":
        message = "missing"
    elif not (isinstance(error["input"], dict | list) or _is_hidden(error)):
        message += f", got {error['input']!r}"
    return keys, message


def _is_hidden(error: Mapping[str, Any]) -> bool:
    return isinstance(error.get("ctx", {}).get("error"), HiddenValueError)


def _file_by_group(keys: list[str], data: Any) -> str:
    """Name the file in conf/ in which the key's group is described, as params.yaml tells it."""
    group = keys[0] if keys else ""
    choice = None
    if isinstance(data, dict):
        section = data.get(group, data)
        if isinstance(section, dict):
            choice = section.get("kind" if group == "source" else "name")
    if group in ("dataset", "model", "source") and choice:
        return f"conf/{group}/{choice}.yaml"
    if group == "evaluation":
        return "conf/evaluation/"
    return "conf/project.yaml" if group == "project" else "conf/config.yaml"
