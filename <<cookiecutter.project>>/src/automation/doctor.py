"""Is everything there that the project's ways need? `make doctor`.

What is on this machine, and, where `gh` is logged in, how the repository on GitHub is set up; a
line each, with what to type where something is missing.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from automation.finding import Finding, Verdict
from automation.github_settings import github
from project.errors import UserError, one_line

#: Programs that make and deliver a model, and what each is for; without those below, a part is not.
NEEDED = {"git": "keeps code and state", "make": "runs everything"}
USEFUL = {
    "gh": "pull requests, and what this page says of GitHub; https://cli.github.com",
    "cosign": "make verify-keyless; https://docs.sigstore.dev/cosign",
    "docker": "make image, or podman, or buildah",
    "helm": "renders the chart; without it the same engine comes as a library",
    "kubectl": "make preflight",
}


def _lacks(name: str, why: str) -> str:
    """Say what does not work without a program; "" where it is there."""
    if not shutil.which(name):
        return why
    if name == "docker" and subprocess.run(["docker", "version"], capture_output=True).returncode:
        return f"its daemon does not answer; {why}"
    return ""


def machine() -> Iterator[Finding]:
    """Look at the programs and files that are here."""
    for name, why in (NEEDED | USEFUL).items():
        lacking: Verdict = "missing" if name in NEEDED else "without"
        lack = _lacks(name, why)
        yield Finding(name, lacking if lack else "ok", lack)
    for path, command in (
        (Path(".venv/installed.txt"), "make setup"),
        (Path("keys/signing.pub"), "make keys"),
        (Path("dvc.lock"), "make repro, and commit what it made"),
    ):
        yield Finding(str(path), "ok" if path.exists() else "missing", f"type: {command}")


def places(is_on_github: bool) -> Iterator[Finding]:
    """See that packages and data go where a runner's end does not reach."""
    identity = Path("conf/project.yaml").read_text(encoding="utf-8")
    is_local = re.search(r"""^registry: *["']?local["']?\s*$""", identity, re.MULTILINE)
    lacking: Verdict = "missing" if is_on_github else "without"
    advice = "a folder, which ends with a runner; name one in conf/project.yaml, as ghcr.io/team"
    yield Finding("registry", lacking if is_local else "ok", advice)
    has_remote = re.search(r"^\s*remote *=", Path(".dvc/config").read_text(), re.MULTILINE)
    advice = "runners make again what GitHub's cache has lost; type: dvc remote add -d NAME URL"
    yield Finding("DVC's remote", "ok" if has_remote else "without", advice)


def is_logged_in() -> bool:
    """Tell whether gh is here and knows who we are."""
    if not shutil.which("gh"):
        return False
    return subprocess.run(["gh", "auth", "status"], capture_output=True).returncode == 0


def main() -> None:
    """Print what was found; end with 1 where something is missing."""
    is_on_github = is_logged_in()
    findings = [*machine(), *places(is_on_github)]
    if is_on_github:
        findings += github()
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
