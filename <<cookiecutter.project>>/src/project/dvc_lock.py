"""What dvc.lock records, and whether the files still agree with it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.error import YAMLError

from project.artefacts import CONF, DVC_LOCK, PARAMS, SETTINGS_CHECKED
from project.errors import UserError
from project.loading import read_params, read_yaml
from project.overrides import repro_command

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

DVC_IGNORE = Path(".dvcignore")
CHECK = "settings"  # the stage that holds params.yaml against conf/


@dataclass(frozen=True)
class Recorded:
    """A file or folder as dvc.lock has it: DVC names content by MD5, a folder's with `.dir`."""

    path: str
    md5: str
    stage: str


def read_lock(text: str) -> dict[str, Any]:
    """Read the stages of a dvc.lock."""
    try:
        stages = read_yaml(text)["stages"]
    except (YAMLError, KeyError, TypeError):
        raise UserError(
            f"{DVC_LOCK}: cannot be read; delete it and type: {repro_command()}"
        ) from None
    return dict(stages)


def outputs(stages: dict[str, Any]) -> list[Recorded]:
    """List what the stages wrote, in their order."""
    return _entries(stages, "outs")


def of_model(stages: dict[str, Any]) -> dict[str, Any]:
    """Leave out the package: of a refused model there is none, but that of the one before it."""
    return {name: stage for name, stage in stages.items() if name != "package"}


def refuse_stale(stages: dict[str, Any]) -> None:
    """Raise `UserError` where any input, output or setting is not the one that dvc.lock records.

    As `dvc status` would, in a fiftieth of its time. It also finds a later stage that was not run
    again after an earlier one was: its recorded input differs from the file.
    """
    _refuse_edited_conf(stages)
    stages = decisive(stages)
    settings = read_params()
    found: dict[str, str | None] = {}
    for recorded in _entries(stages, "outs") + _entries(stages, "deps"):
        if recorded.path not in found:
            found[recorded.path] = content_md5(Path(recorded.path))
        if found[recorded.path] is None:
            raise UserError(f"{recorded.path}: no such file or folder; type: {repro_command()}")
        if found[recorded.path] != recorded.md5:
            raise UserError(
                f"{recorded.path}: not what {DVC_LOCK} records for stage {recorded.stage}; "
                f"type: {repro_command()}"
            )
    for stage, entry in stages.items():
        for key, value in entry.get("params", {}).get(str(PARAMS), {}).items():
            if settings.get(key) != value:
                raise UserError(
                    f"{PARAMS}: {key} has changed since {stage} ran; type: {repro_command()}"
                )


def decisive(stages: dict[str, Any]) -> dict[str, Any]:
    """Leave out the check that conf/ and params.yaml agree, which makes no difference to a model.

    An edit in conf/ that does is in the settings that the other stages record.
    """
    kept = {}
    for name, stage in stages.items():
        deps = [dep for dep in stage.get("deps", []) if dep["path"] != str(SETTINGS_CHECKED)]
        if name != CHECK:
            kept[name] = stage | {"deps": deps}
    return kept


def _refuse_edited_conf(stages: dict[str, Any]) -> None:
    deps = stages.get(CHECK, {}).get("deps", [])
    recorded = [dep["md5"] for dep in deps if dep["path"] == str(CONF)]
    if recorded and recorded != [content_md5(CONF)]:
        from project.params import check_agreement  # and Hydra with it

        check_agreement()


def content_md5(path: Path) -> str | None:
    """Name a file's or folder's content as DVC does; None where there is none."""
    if path.is_dir():
        ignored = _ignored()
        files = [f for f in path.rglob("*") if f.is_file() and not ignored.match_file(f)]
        return folder_md5({f.relative_to(path).as_posix(): _md5(f) for f in files})
    return _md5(path) if path.is_file() else None


def folder_md5(files: Mapping[str, str]) -> str:
    """Name a folder's content as DVC does, by the MD5 of each file within."""
    entries = [{"md5": md5, "relpath": name} for name, md5 in sorted(files.items())]
    listing = json.dumps(entries, sort_keys=True).encode()
    return f"{hashlib.md5(listing, usedforsecurity=False).hexdigest()}.dir"


def _ignored() -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    lines = DVC_IGNORE.read_text(encoding="utf-8").splitlines() if DVC_IGNORE.exists() else []
    return GitIgnoreSpec.from_lines(["__pycache__", *lines])


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _entries(stages: dict[str, Any], kind: str) -> list[Recorded]:
    return [
        Recorded(entry["path"], entry["md5"], stage)
        for stage, content in stages.items()
        for entry in content.get(kind, [])
    ]
