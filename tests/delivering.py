"""What the tests of delivery ask of the workflows and of make, and what the records say after."""

import json
from pathlib import Path
from typing import Any

from tests.act import GitHub, Run
from tests.conftest import commit_all, git
from tests.hub import edit, merge
from tests.projects import make

DISPATCH = "workflow_dispatch"


def promote(hub: GitHub, environment: str, **inputs: str) -> Run:
    """Bring what runs before to an environment."""
    given = {"environment": environment, "change": "OPS-1", "reason": "monthly", "canary": "0"}
    return hub.run("promote", DISPATCH, {"inputs": given | inputs}, LOAD_SECONDS="1")


def records(hub: GitHub, environment: str) -> list[dict[str, Any]]:
    """Read an environment's records on the remote, the oldest first."""
    folder = f"{environment}/wine-model/history"
    listed = git(hub.origin, "ls-tree", "-r", "--name-only", "gitops", folder).splitlines()
    return [json.loads(git(hub.origin, "show", f"gitops:{name}")) for name in listed]


def actions(hub: GitHub, environment: str) -> list[str]:
    """Return what was done in an environment, the oldest first."""
    return [record["action"] for record in records(hub, environment)]


def checked(record: dict[str, Any]) -> set[str]:
    """Return what a verification has looked at, which must have passed."""
    assert record["verification"]["passed"], record["verification"]
    return {check["id"] for check in record["verification"]["checks"]}


def make_another(hub: GitHub, project: Path, title: str = "Wine model") -> None:
    """Commit another package in a clone.

    Its model has one tree more than the first; a title makes another package of the same one.
    """
    for name, value in (("name", "Ada"), ("email", "ada@example.org")):
        git(project, "config", f"user.{name}", value)
    forest = project / "conf/model/random_forest.yaml"
    forest.write_text(forest.read_text().replace("n_estimators: 100", "n_estimators: 101"))
    edit(project / "conf/project.yaml", 'title: "Wine model"', f'title: "{title}"')
    (project / "keys/signing.key").write_text(hub.secrets["SIGNING_KEY"])
    by_make(hub, project, "repro")
    commit_all(project, "More trees")


def bring(hub: GitHub, project: Path, *environments: str) -> str:
    """Merge what a clone holds and bring it further by make alone; return the package's digest."""
    merge(hub, project)
    by_make(hub, project, "sign")
    for environment in environments:
        by_make(hub, project, "deploy", "verify", f"ENV={environment}")
    return str(records(hub, environments[-1])[-2]["digest"])


def by_make(hub: GitHub, project: Path, *words: str) -> None:
    """Do without GitHub what its workflows would."""
    done = make(project, *words, environment=hub.path)
    assert done.returncode == 0, done.stdout + done.stderr
