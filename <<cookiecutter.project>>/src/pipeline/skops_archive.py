"""A scikit-learn model as a skops archive: data without code, the same bytes for the same model.

skops names objects by their address in memory, so its archives differ from run to run; here they
are numbered in the order in which they appear.
"""

import importlib
import json
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import sklearn.utils

from project.errors import UserError

_TRUSTED = re.compile(r"(sklearn|numpy|scipy)\.")


def write_archive(model: Any, path: Path) -> None:
    """Write `model` to `path`."""
    with zipfile.ZipFile(BytesIO(_skops().dumps(model))) as archive:
        schema = json.loads(archive.read("schema.json"))
        files = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    identities: dict[int, int] = {}
    names: dict[str, str] = {}
    _renumber(schema, identities, names)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "schema.json", json.dumps(schema).encode())
        for old, new in names.items():
            _add(archive, new, files[old])


def read_archive(path: Path) -> Any:
    """Read a model; only types of scikit-learn, NumPy and SciPy are let in."""
    skops = _skops()
    types = skops.get_untrusted_types(file=path)
    if foreign := [name for name in types if not _TRUSTED.match(name)]:
        raise UserError(f"{path}: holds {', '.join(foreign)}, which is not of scikit-learn")
    return skops.load(path, trusted=types)


def _skops() -> Any:
    """Import skops without its list of all estimators: a second, for trust that is not its own.

    `read_archive` decides itself what is let in, so the list may as well be empty.
    """
    every = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = list
    try:
        return importlib.import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = every


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=1)


def _renumber(node: Any, identities: dict[int, int], names: dict[str, str]) -> None:
    if isinstance(node, dict):
        if "__id__" in node:
            node["__id__"] = identities.setdefault(node["__id__"], len(identities) + 1)
        if isinstance(node.get("file"), str):
            old = node["file"]
            node["file"] = names.setdefault(old, f"{len(names) + 1}{Path(old).suffix}")
        for value in node.values():
            _renumber(value, identities, names)
    elif isinstance(node, list):
        for value in node:
            _renumber(value, identities, names)
