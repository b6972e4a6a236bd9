"""Is everything there that the project's ways need? `make doctor`.

What is on this machine, and, where `gh` is logged in, how the repository on GitHub is set up; a
line each, with what to type where something is missing.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from automation.gh import api
from project.errors import UserError, one_line

Verdict = Literal["ok", "missing", "without"]

#: Programs that make and deliver a model, and what each is for; without those below, a part is not.
NEEDED = {"git": "keeps code and state", "make": "runs everything"}
USEFUL = {
    "gh": "pull requests, and what this page says of GitHub; https://cli.github.com",
    "cosign": "make verify-keyless; https://docs.sigstore.dev/cosign",
    "docker": "make image, or podman, or buildah",
    "helm": "renders the chart; without it the same engine comes as a library",
    "kubectl": "make preflight",
}
#: By environment, whether somebody must approve.
ENVIRONMENTS = {
    "build": False,
    "dev": False,
    "test": True,
    "prod-approval": True,
    "prod": True,
    "bot": False,
}
#: Where a secret lies, and what is missing without it.
SECRETS = {"SIGNING_KEY": "build"}
CHECK = "pass"


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what to do where it is missing."""

    what: str
    verdict: Verdict
    advice: str = ""


def machine() -> Iterator[Finding]:
    """Look at the programs and files that are here."""
    for name, why in (NEEDED | USEFUL).items():
        lacking: Verdict = "missing" if name in NEEDED else "without"
        there = bool(shutil.which(name))
        yield Finding(name, "ok" if there else lacking, "" if there else why)
    for path, command in (
        (Path(".venv/installed.txt"), "make setup"),
        (Path("keys/signing.pub"), "make keys"),
        (Path("dvc.lock"), "make repro, and commit what it made"),
    ):
        yield Finding(str(path), "ok" if path.exists() else "missing", f"type: {command}")


def github() -> Iterator[Finding]:
    """Look at the repository's settings; `UserError` where GitHub does not answer."""
    found = {each["name"]: each for each in api("environments")["environments"]}
    for name, is_reviewed in ENVIRONMENTS.items():
        yield _environment(name, found.get(name), is_reviewed)
    if "prod-approval" in found and "prod" in found:
        both = _reviewers(found["prod-approval"]) & _reviewers(found["prod"])
        advice = f"{', '.join(sorted(both))} may approve both; each person counts once"
        yield Finding("prod: two groups", "without" if both else "ok", advice if both else "")
    yield _protection()
    for name, environment in SECRETS.items():
        held = _names("secrets", f"environments/{environment}/secrets", environment in found)
        advice = f"type: gh secret set {name} --env {environment} < keys/signing.key"
        yield Finding(f"secret {name}", "ok" if name in held else "missing", advice)


def places() -> Iterator[Finding]:
    """See that packages and data go where a runner's end does not reach."""
    identity = Path("conf/project.yaml").read_text(encoding="utf-8")
    is_local = re.search(r"""^registry: *["']?local["']?\s*$""", identity, re.MULTILINE)
    advice = "a folder ends with the runner; name one in conf/project.yaml, such as ghcr.io/team"
    yield Finding("registry", "missing" if is_local else "ok", advice)
    has_remote = re.search(r"^\s*remote *=", Path(".dvc/config").read_text(), re.MULTILINE)
    advice = "runners make again what GitHub's cache has lost; type: dvc remote add -d NAME URL"
    yield Finding("DVC's remote", "ok" if has_remote else "without", advice)


def _environment(name: str, found: dict[str, Any] | None, is_reviewed: bool) -> Finding:
    what, create = (
        f"environment {name}",
        f"gh api -X PUT repos/{{owner}}/{{repo}}/environments/{name}",
    )
    if found is None:
        return Finding(what, "missing", f"type: {create}")
    if is_reviewed and not _reviewers(found):
        return Finding(what, "missing", "it has no reviewer; see docs/github.md")
    if is_reviewed and not any(
        rule.get("prevent_self_review") for rule in found["protection_rules"]
    ):
        return Finding(what, "missing", "who starts a run may approve it; see docs/github.md")
    return Finding(what, "ok")


def _reviewers(environment: dict[str, Any]) -> set[str]:
    return {
        str(each["reviewer"].get("login") or each["reviewer"].get("slug"))
        for rule in environment["protection_rules"]
        if rule["type"] == "required_reviewers"
        for each in rule["reviewers"]
    }


def _protection() -> Finding:
    """See that main takes nothing but pull requests whose check `pass` is green."""
    try:
        rules = api("rules/branches/main")
    except UserError as error:
        return Finding("branch main", "missing", str(error))
    kinds = {rule["type"] for rule in rules}
    checks = {
        check["context"]
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    }
    if "pull_request" not in kinds:
        return Finding("branch main", "missing", "takes pushes past review; see docs/github.md")
    if CHECK not in checks:
        return Finding("branch main", "missing", f"does not wait for {CHECK}; see docs/github.md")
    return Finding("branch main", "ok")


def _names(kind: str, path: str, is_there: bool) -> set[str]:
    return {each["name"] for each in api(path)[kind]} if is_there else set()


def is_logged_in() -> bool:
    """Tell whether gh is here and knows who we are."""
    if not shutil.which("gh"):
        return False
    return subprocess.run(["gh", "auth", "status"], capture_output=True).returncode == 0


def main() -> None:
    """Print what was found; end with 1 where something is missing."""
    findings = [*machine()]
    if is_logged_in():
        findings += [*github(), *places()]
    else:
        findings.append(Finding("GitHub", "without", "gh is not logged in; type: gh auth login"))
    width = max(len(each.what) for each in findings)
    for each in findings:
        advice = each.advice if each.verdict != "ok" else ""
        print(f"{each.verdict:8} {each.what:{width}}  {advice}".rstrip())
    missing = [each.what for each in findings if each.verdict == "missing"]
    if missing:
        raise UserError(f"{len(missing)} missing: {', '.join(missing)}")


if __name__ == "__main__":
    one_line(main)
