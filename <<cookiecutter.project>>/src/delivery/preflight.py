"""`make preflight ENV=…`: what the cluster must have, checked with kubectl where it answers."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

from delivery.chart_values import NOWHERE
from delivery.environments import checked_name
from delivery.manifests import candidate_manifests, candidate_values
from delivery.requirements import Requirement, requirements
from project.artefacts import IMAGE
from project.errors import UserError, one_line

Verdict = Literal["ok", "missing", "unchecked"]
SECONDS = 10  # for each answer


class NoClusterError(Exception):
    """No cluster can be asked; the message says why."""


@dataclass(frozen=True)
class Finding:
    """What a requirement came to, and why."""

    requirement: Requirement
    verdict: Verdict
    reason: str = ""


def check(needed: list[Requirement]) -> list[Finding]:
    """Ask the cluster of kubectl's current context; without one nothing is checked."""
    try:
        ask("/version")
    except NoClusterError as error:
        return [Finding(requirement, "unchecked", str(error)) for requirement in needed]
    return [_find(requirement) for requirement in needed]


def _find(requirement: Requirement) -> Finding:
    if requirement.path is None:
        return Finding(requirement, "unchecked", "no answer of the cluster tells")
    try:
        answer = ask(requirement.path)
    except NoClusterError as error:
        return Finding(requirement, "unchecked", str(error))
    wrong = "not found" if answer is None else requirement.check(answer)
    return Finding(requirement, "missing" if wrong else "ok", wrong or "")


def ask(path: str) -> Any:
    """Return the API server's answer, None where it knows no such path."""
    if not shutil.which("kubectl"):
        raise NoClusterError("kubectl is not installed")
    done = subprocess.run(
        ["kubectl", "get", "--raw", path, f"--request-timeout={SECONDS}s"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    said = (done.stderr.strip().splitlines() or ["kubectl failed"])[-1]
    if "NotFound" in said or "could not find the requested resource" in said:
        return None
    raise NoClusterError(said.removeprefix("error: "))


def shown(findings: list[Finding]) -> str:
    """Write a line for each finding."""
    width = max(len(finding.requirement.what) for finding in findings)
    lines = []
    for finding in findings:
        because = f" ({finding.reason})" if finding.verdict == "missing" else ""
        needed = finding.requirement
        lines.append(f"{finding.verdict:9}  {needed.what:{width}}  {needed.why}{because}")
    reasons = {finding.reason for finding in findings if finding.verdict == "unchecked"}
    lines += [f"\nunchecked: {reason}" for reason in sorted(reasons)]
    return "\n".join(lines)


def main() -> None:
    """List and check for the environment that the first argument names."""
    name = checked_name(sys.argv[1])
    findings = check(requirements(candidate_manifests(name)))
    print(shown(findings))
    values = candidate_values(name)
    if values["model"]["repository"].startswith(NOWHERE):
        print("\nconf/project.yaml: registry: a folder here, from which no cluster pulls")
    elif values["runtime"] == "bento" and not values["image"]["digest"]:
        tag = f"{values['image']['repository']}:{values['image']['tag']}"
        print(f"\n{IMAGE}: no digest of this package's image, so pods get the tag {tag}, which")
        print("may come to mean another image; type: make image PUSH=1")
    missing = [finding.requirement.what for finding in findings if finding.verdict == "missing"]
    if missing:
        raise UserError(f"{name}: the cluster lacks {', '.join(missing)}")


if __name__ == "__main__":
    one_line(main)
