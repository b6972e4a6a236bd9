"""What a deploy would change: `make diff ENV=…` compares with what the desired state renders to."""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from delivery.environments import Name, checked_name
from delivery.manifests import candidate_manifests, candidate_values, manifests
from project.artefacts import CHART
from project.errors import UserError, one_line
from project.git import git, run_git
from project.loading import read_yaml

BRANCH = "gitops"


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff between two sets of manifests, by file."""
    for name in sorted({*before, *after}):
        old, new = before.get(name, ""), after.get(name, "")
        names = (name if name in before else "/dev/null", name if name in after else "/dev/null")
        yield from difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm="")


def summary(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Count what is new, changed and gone."""
    changed = sum(before[name] != after[name] for name in before.keys() & after.keys())
    new, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return f"{new} new, {changed} changed, {gone} gone"


def deployed(name: Name, model: str) -> tuple[str, dict[str, Any]] | None:
    """Return where the desired state was found, and the chart's values in it; None without any.

    Raises `UserError` where the repository that GITOPS_REPO names does not answer.
    """
    if repository := os.environ.get("GITOPS_REPO"):
        git("fetch", "--quiet", "--depth=1", repository, "HEAD")
        places = {"FETCH_HEAD": repository}
    else:
        places = {ref: f"branch {ref}" for ref in (BRANCH, f"origin/{BRANCH}")}
    for ref, place in places.items():
        found = run_git("show", f"{ref}:{name}/{model}/values.yaml")
        if found.returncode == 0:
            return place, dict(read_yaml(found.stdout))
    return None


def main() -> None:
    """Show the difference for the environment that the first argument names."""
    name = checked_name(sys.argv[1])
    after = candidate_manifests(name)
    state = deployed(name, candidate_values(name)["name"])
    before = {}
    if state:
        try:
            before = manifests(state[1])
        except UserError as error:
            raise UserError(f"{state[0]}: {name}: not what {CHART} takes: {error}") from None
    for line in difference(before, after):
        print(line)
    place = state[0] if state else f"nothing: {name} has no state yet"
    print(f"\n{summary(before, after)}, against {place}")


if __name__ == "__main__":
    one_line(main)
