"""Which file of conf/ says a setting: where a person would mend it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from project.artefacts import CONF
from project.loading import read_yaml

#: The groups in the order of conf/config.yaml's defaults: what a later one says wins.
GROUPS = ("source", "evaluation", "dataset", "model", "experiment")
#: Of a file that may set keys of any group, and not of its own alone.
ANY_GROUP = "# @package _global_"


def file_of(keys: Sequence[str], choices: Mapping[str, str | None], conf: Path = CONF) -> Path:
    """Return the last file that sets a key, else the one in which its group is described.

    keys: the key's path, a list's places among them; choices: Hydra's, the chosen file by group.
    """
    chosen = {
        group: conf / group / f"{choices[group]}.yaml" for group in GROUPS if choices.get(group)
    }
    files = {"": conf / "config.yaml", "project": conf / "project.yaml", **chosen}
    setting = [path for group, path in files.items() if keys and _sets(path, group, keys)]
    return setting[-1] if setting else files.get(keys[0] if keys else "", files[""])


def _sets(path: Path, group: str, keys: Sequence[str]) -> bool:
    text = path.read_text(encoding="utf-8")
    anywhere = not group or text.startswith(ANY_GROUP)
    found: Any = read_yaml(text) if anywhere else {group: read_yaml(text)}
    for key in keys:
        if isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            return False
    return True
