"""Is dist/ what was made last? Held against dvc.lock before a package is signed or sent."""

from pathlib import Path
from typing import Any

from delivery.package import SIGNED_LATER, Package, files_of
from project.artefacts import CONF, DVC_LOCK, EVALUATION, MANIFEST, ONNX, PACKAGE, PARAMS
from project.dvc_lock import CHECK, content_md5, outputs, read_lock, refuse_stale
from project.errors import UserError
from project.files import read_json
from project.loading import read_params
from project.overrides import recorded_overrides, repro_command

STAGE = "package"
#: Of a group of settings, the key that is no input of the package: it says where that goes.
ADDRESS = {"project": "registry"}


def refuse_unrecorded(package: Package) -> None:
    """Raise `UserError` where the package is not just what the stages in dvc.lock have made."""
    stages = _recorded()
    _refuse_refused(stages[STAGE])
    refuse_stale(stages)
    ours = {*package.files, *SIGNED_LATER, MANIFEST.name}
    for name in files_of(package.folder):
        path = package.folder / name
        if name not in ours:
            raise UserError(f"{path}: not of the package; take it away")
        if path.is_symlink():
            raise UserError(
                f"{path}: a link into DVC's cache, which is not what can be signed; "
                "type: dvc config cache.type reflink,copy && dvc checkout --relink"
            )


def refuse_outdated() -> None:
    """Raise `UserError` where dist/ is not of the last run, or that run's model was refused.

    Asks less than `refuse_unrecorded`: what was signed may be sent while the code, or the place
    that it goes to, is changed.
    """
    stages = _recorded()
    for made in outputs({STAGE: stages[STAGE]}):
        if content_md5(Path(made.path)) != made.md5:
            raise UserError(_mend(f"{made.path}: not what {DVC_LOCK} records for stage {STAGE}"))
    _refuse_refused(stages[STAGE])
    _refuse_other_settings(stages)


def _recorded() -> dict[str, Any]:
    if not DVC_LOCK.exists():
        raise UserError(_mend(f"{DVC_LOCK}: no such file, nothing has been run"))
    stages = read_lock(DVC_LOCK.read_text(encoding="utf-8"))
    if STAGE not in stages:
        raise UserError(_mend(f"{DVC_LOCK}: no package has been made"))
    return stages


def _refuse_refused(entry: dict[str, Any]) -> None:
    """Hold the verdict and the model against those that the package was made from."""
    made_from = {dep["path"]: dep["md5"] for dep in entry.get("deps", [])}
    for path in (EVALUATION, ONNX):
        found = content_md5(path)
        if str(path) not in made_from or found == made_from[str(path)]:
            continue
        if found is None and path == ONNX:
            continue  # a clone that has pulled dist/ alone; the verdict names the same run
        if found is not None and path == EVALUATION:
            evaluation = read_json(path)
            if evaluation["verdict"] != "passed":
                reasons = "; ".join(evaluation["reasons"])
                raise UserError(
                    f"{PACKAGE}/: holds the model before the last one, which was refused: {reasons}"
                    "; make repro with another model or setting"
                )
        raise UserError(_mend(f"{path}: not what {PACKAGE}/ was made from"))


def _refuse_other_settings(stages: dict[str, Any]) -> None:
    settings, where = read_params(), PARAMS
    checked = stages.get(CHECK, {}).get("deps", [])
    if any(dep["path"] == str(CONF) and dep["md5"] != content_md5(CONF) for dep in checked):
        from project.composing import compose  # and Hydra with it

        composed = compose(recorded_overrides(PARAMS.read_text(encoding="utf-8")))
        if composed["project"]["registry"] != settings["project"]["registry"]:
            raise UserError(_mend(f"{CONF}/project.yaml: registry has changed since the last run"))
        settings, where = composed, CONF
    for group, value in stages[STAGE].get("params", {}).get(str(PARAMS), {}).items():
        if _without_address(group, settings.get(group)) != _without_address(group, value):
            raise UserError(_mend(f"{where}: {group} has changed since {PACKAGE}/ was made"))


def _without_address(group: str, value: Any) -> Any:
    address = ADDRESS.get(group)
    return {key: value[key] for key in value if key != address} if address and value else value


def _mend(what: str) -> str:
    return f"{what}; type: {repro_command()}"
