"""Where a package comes from, as an in-toto statement with SLSA's provenance for its predicate.

https://in-toto.io/Statement/v1 and https://slsa.dev/spec/v1.0/provenance. It holds no clock: the
same commit and the same package give the same statement.
"""

import re
from typing import Any

from delivery.package import OUTPUTS, Package
from project.artefacts import DVC_LOCK, PARAMS, PROVENANCE
from project.errors import UserError
from project.files import read_json
from project.git import DIRTY, NO_COMMIT, head_commit, is_vague, run_git
from project.loading import read_params
from project.oci import file_digest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:slipway:dvc-repro:v1"
BUILDER = "urn:slipway:make-sign"


def statement(package: Package) -> dict[str, Any]:
    """Say what went into a package and what came out, each by its digest."""
    digests = package.digests
    inputs = [_input(name, digest) for name, digest in digests.items() if name not in OUTPUTS]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [_input(name, digests[name]) for name in OUTPUTS],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {str(PARAMS): read_params()},
                "resolvedDependencies": [
                    _source(),
                    _input(str(DVC_LOCK), file_digest(DVC_LOCK)),
                    *inputs,
                ],
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }


def refuse_other_package(package: Package) -> None:
    """Raise `UserError` where a package's provenance is of another package, or is none."""
    path = package.folder / PROVENANCE.name
    try:
        found = read_json(path)
        subjects = {
            entry["name"]: f"sha256:{entry['digest']['sha256']}" for entry in found["subject"]
        }
        types = (found["_type"], found["predicateType"])
    except FileNotFoundError:
        raise UserError(f"{path}: no such file, so nobody says where this comes from") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path}: expected an in-toto statement") from None
    if types != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise UserError(f"{path}: expected an in-toto statement with SLSA's provenance, version 1")
    for name in OUTPUTS:
        if subjects.get(name) != package.digests[name]:
            raise UserError(
                f"{path}: is about another {name}: {subjects.get(name)}, "
                f"this package's is {package.digests[name]}"
            )


def could_name_its_commit(package: Package) -> bool:
    """Tell whether a provenance names no commit though there is one now that holds these files."""
    found = read_json(package.folder / PROVENANCE.name)
    source = found["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    is_exact = "digest" in source and "annotations" not in source
    return not is_exact and not is_vague(head_commit())


def source_commit(package: Package) -> str:
    """Return the commit that a package's provenance names for all of it; empty where there is none.

    `refuse_other_package` says whether the provenance is this package's.
    """
    try:
        refuse_other_package(package)
    except UserError:  # not signed yet, or anew after it was packaged anew
        return ""
    found = read_json(package.folder / PROVENANCE.name)
    source = found["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    return "" if "annotations" in source else str(source["digest"]["gitCommit"])


def _input(name: str, digest: str) -> dict[str, Any]:
    algorithm, _, value = digest.partition(":")
    return {"name": name, "digest": {algorithm: value}}


def _source() -> dict[str, Any]:
    """Name the commit, and say so where the files differ from it."""
    commit = head_commit()
    source: dict[str, Any] = {"name": "source"}
    if commit == NO_COMMIT:
        return source | {"annotations": {"commit": NO_COMMIT}}
    if url := _remote():
        source["uri"] = f"git+{url}"
    source["digest"] = {"gitCommit": commit.removesuffix(DIRTY)}
    if commit.endswith(DIRTY):
        source["annotations"] = {"uncommitted": True}
    return source


def _remote() -> str | None:
    """Return the URL that the project is pushed to, without a login that it may hold."""
    url = run_git("remote", "get-url", "origin").stdout.strip()
    url = re.sub(r"^(?:[^@/]+@)?([\w.-]+):(?!//)", r"ssh://\1/", url)  # git's short form of ssh
    return re.sub(r"//[^/]*@", "//", url) if re.match(r"(https?|ssh)://", url) else None
