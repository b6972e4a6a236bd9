"""Gates that look at the package and at what it was made of."""

import math

from typing_extensions import override

from delivery.gates.gate import Entry, Figures, Gate, RefusedError
from delivery.published import code_remote, is_published
from delivery.registry.choice import open_registry
from delivery.repository import code_repository
from delivery.signature import signed_files
from delivery.verify import verify_package
from project.artefacts import DVC_LOCK, EVALUATION, METRICS, PROVENANCE, SIGNATURE
from project.errors import UserError
from project.files import read_json
from project.git import git
from project.overrides import repro_command


class Verdict(Gate):
    """The evaluation has passed this model, and every metric of the package is a number.

    The package's figures must be those of reports/metrics.json: a verdict about another model
    says nothing.
    """

    id, title = "verdict", "The model passed its evaluation"
    needs = "reports/evaluation.json"

    @override
    def check(self, entry: Entry) -> Figures:
        try:
            evaluation, metrics = read_json(EVALUATION), read_json(METRICS)
            verdict, reasons = evaluation["verdict"], "; ".join(evaluation["reasons"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            raise RefusedError(f"{EVALUATION}: not what evaluate writes; {_again()}") from None
        if verdict != "passed":
            raise RefusedError(f"the model is {verdict}: {reasons}", {"metrics": metrics})
        found = entry.package.manifest.get("metrics") or {}
        for name, value in found.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise RefusedError(f"{name} of the package is {value}, expected a number")
        if not found or found != metrics:
            raise RefusedError(f"{METRICS}: is about another model than the package; {_again()}")
        return {"metrics": found}


class Signed(Gate):
    """The package is what was signed with keys/signing.pub's key, each file of it, SBOM too."""

    id, title = "signature", "The package is as it was signed, its SBOM is there"
    needs = "dist/, signed: make sign"

    @override
    def check(self, entry: Entry) -> Figures:
        package = verify_package(entry.package.folder)
        if package.digest != entry.package.digest:
            raise RefusedError(f"{package.folder}: has become another package meanwhile")
        signed = signed_files((package.folder / SIGNATURE.name).read_bytes())
        return {"digest": package.digest, "files": len(signed)}


class Tag(Gate):
    """The registry's tag for this package, where it has one, points to this package.

    A tag that was moved says that somebody else writes to the registry, or that a name is
    taken. What is deployed goes by digest in any case.
    """

    id, title = "tag", "The registry's tag is the package's own"
    needs = "the registry of conf/project.yaml"

    @override
    def check(self, entry: Entry) -> Figures:
        registry, tag = open_registry(), entry.package.manifest["version"]
        found = registry.resolve(tag)
        if found not in (None, entry.package.digest):
            raise RefusedError(
                f"{registry.where}:{tag} points to {found}, which is another package; find out "
                "who moved it, then: make push"
            )
        return {"tag": tag, "digest": found}


class Clean(Gate):
    """Git holds all that the project consists of: nothing is edited, nothing new is unknown."""

    id, title = "clean", "Everything is committed"
    needs = "git"

    @override
    def check(self, entry: Entry) -> Figures:
        edited = git("status", "--porcelain", "--", ".").splitlines()
        if edited:
            more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
            raise RefusedError(f"{edited[0][3:]}{more}: not committed; commit, or take it away")
        return {"commit": entry.head}


class Current(Gate):
    """`dvc status` finds no stage whose inputs, code, settings or outputs have changed."""

    id, title = "current", "What the stages made is up to date"
    needs = "dvc.lock"

    @override
    def check(self, entry: Entry) -> Figures:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        if not DVC_LOCK.exists():
            raise RefusedError(f"{DVC_LOCK}: no such file, nothing has been run; {_again()}")
        try:
            with Repo(".") as repo:
                changed = repo.status()
        except DvcException as error:
            raise RefusedError(f"dvc status: {error}") from None
        if changed:
            raise RefusedError(f"dvc status: {', '.join(changed)} changed; {_again()}")
        return {"changed": 0}


class FromHead(Gate):
    """The provenance that was signed with the package names the commit that is checked out."""

    id, title = "commit", "The package was built from this commit"
    needs = "dist/provenance.json: make sign"

    @override
    def check(self, entry: Entry) -> Figures:
        head = entry.head
        path = entry.package.folder / PROVENANCE.name
        try:
            definition = read_json(path)["predicate"]["buildDefinition"]
            source = definition["resolvedDependencies"][0]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            raise UserError(
                f"{path}: says of no commit that this came from it; make sign"
            ) from None
        built = source.get("digest", {}).get("gitCommit", "none")
        if built != head or source.get("annotations"):
            edits = ", with edits," if built == head else ""
            raise RefusedError(
                f"the package was signed at commit {built[:10]}{edits} and this is {head[:10]}; "
                "type: make sign"
            )
        return {"commit": built}


class Pushed(Gate):
    """The commit is in the project's repository, from which Argo CD takes the chart.

    That is `repository` of conf/project.yaml, else the git remote `origin`; without either no
    cluster follows, and nothing is asked. A commit is there where a branch or a tag leads to it.
    """

    id, title = "pushed", "The commit is where Argo CD finds the chart"
    needs = "git push"

    @override
    def applies(self, entry: Entry) -> bool:
        return code_remote() is not None

    @override
    def check(self, entry: Entry) -> Figures:
        head, remote = entry.head, code_remote()
        assert remote
        if not is_published(head, remote):
            raise RefusedError(
                f"{head[:10]} is not in {code_repository()}, where Argo CD would look for the "
                "chart; type: git push"
            )
        return {"commit": head, "repository": code_repository()}


def _again() -> str:
    return f"type: {repro_command()}"
