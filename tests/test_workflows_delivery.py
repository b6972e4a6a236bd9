"""From a merge to PROD and back by the workflows themselves, run by act.

One project, one remote, one registry: a step's test begins where the one before it ended, as its
users' days do, and says so where that one did not pass. What is asserted is what remote, registry
and records hold afterwards.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.act import GitHub, Run
from tests.conftest import commit_all, git
from tests.hub import clone, edit, merge
from tests.projects import make

pytestmark = pytest.mark.xdist_group("workflows")

DISPATCH = "workflow_dispatch"
PASSED: list[str] = []


@pytest.fixture(autouse=True)
def passed_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse to begin where a test above has not ended well: run the whole file."""
    steps = [name for name in vars(request.module) if name.startswith("test_")]
    name = request.function.__name__
    lacking = [step for step in steps[: steps.index(name)] if step not in PASSED]
    if lacking:
        pytest.fail(f"begins where {lacking[-1]} ends, which has not passed; run the whole file")
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        PASSED.append(name)


def promote(hub: GitHub, environment: str, **inputs: str) -> Run:
    given = {"environment": environment, "change": "OPS-1", "reason": "monthly", "canary": "0"}
    return hub.run("promote", DISPATCH, {"inputs": given | inputs}, LOAD_SECONDS="1")


def records(hub: GitHub, environment: str) -> list[dict[str, Any]]:
    folder = f"{environment}/wine-model/history"
    listed = git(hub.origin, "ls-tree", "-r", "--name-only", "gitops", folder).splitlines()
    return [json.loads(git(hub.origin, "show", f"gitops:{name}")) for name in listed]


def actions(hub: GitHub, environment: str) -> list[str]:
    return [record["action"] for record in records(hub, environment)]


def test_a_merge_is_built_once_and_brought_to_dev(hub: GitHub) -> None:
    main = git(hub.origin, "rev-parse", "main")

    done = hub.run("deliver", "push", {"ref": "refs/heads/main"})

    assert done.passed, done.log
    assert done.jobs == {"build": "success", "deploy": "success", "offer": "success"}
    deployed, verified = records(hub, "dev")
    assert (deployed["action"], deployed["commit"]) == ("deploy", main)
    assert deployed["by"].startswith("ada <")
    assert verified["verification"]["passed"] is True
    attested = (hub.artefacts / "attested").read_text().splitlines()
    assert attested == [f"{deployed['digest']} {what}" for what in ("provenance", "dist/sbom.json")]
    assert git(hub.origin, "rev-parse", "main") == main
    assert hub.secrets["SIGNING_KEY"].splitlines()[1] not in done.log


def test_a_workflow_has_signed_it_and_no_other_may_have(hub: GitHub, tmp_path: Path) -> None:
    project = clone(hub, tmp_path)
    digest = f"DIGEST={records(hub, 'dev')[0]['digest']}"
    deliver = "^https://github.com/[^/]+/[^/]+/.github/workflows/deliver.yml@refs/heads/main$"

    good = make(
        project,
        "verify-keyless",
        digest,
        f"IDENTITY={deliver.replace('$', '$$')}",
        environment=hub.path,
    )
    other = make(
        project,
        "verify-keyless",
        digest,
        "IDENTITY=^https://github.com/evil/",
        environment=hub.path,
    )

    assert good.returncode == 0, good.stderr
    assert "none of the expected identities matched" in other.stderr


def test_a_tag_makes_a_release_and_deploys_nothing(hub: GitHub) -> None:
    before = actions(hub, "dev")
    git(hub.origin, "tag", "v1.0.0", "main")

    done = hub.run("deliver", "push", {"ref": "refs/tags/v1.0.0"}, ref="v1.0.0")

    assert done.passed, done.log
    assert done.jobs == {"build": "success", "release": "success"}
    created, uploaded = hub.state["releases"]
    assert created[:3] == ["create", "v1.0.0", "--verify-tag"]
    assert uploaded[:2] == ["upload", "v1.0.0"]
    assert {"dist/bento/README.md", "dist/sbom.json", "reports/index.html"} < set(uploaded)
    assert actions(hub, "dev") == before


def test_prod_takes_nothing_that_test_has_not_seen(hub: GitHub) -> None:
    done = promote(hub, "prod")

    assert not done.passed
    assert "test/wine-model: nothing runs there" in done.log
    assert actions(hub, "prod") == []


def test_test_takes_what_dev_runs_and_is_tested_there(hub: GitHub) -> None:
    done = promote(hub, "test")

    assert done.passed, done.log
    deployed, verified, integrated = records(hub, "test")
    assert deployed["digest"] == records(hub, "dev")[0]["digest"]
    assert (deployed["change"], deployed["reason"]) == ("OPS-1", "monthly")
    assert verified["verification"]["passed"]
    checks = {check["id"] for check in integrated["verification"]["checks"]}
    assert checks > {"golden", "inputs", "refusals", "load"}


@pytest.mark.parametrize(
    ("people", "inputs", "why"),
    [
        ({"prod_approval": "grace"}, {}, "prod: nobody approved"),
        ({"prod_approval": "grace", "prod": "grace"}, {}, "grace, who approved before"),
        ({"prod_approval": "ada", "prod": "grace"}, {}, "ada, who started this run"),
        ({"prod_approval": "grace", "prod": "alan"}, {"change": "soon"}, "CHANGE=soon does not"),
    ],
    ids=["one approval", "one person", "who started it", "no ticket"],
)
def test_prod_is_refused(
    people: dict[str, str], inputs: dict[str, str], why: str, hub: GitHub
) -> None:
    hub.approve(**people)

    done = promote(hub, "prod", **inputs)

    assert not done.passed
    assert why in done.log
    assert actions(hub, "prod") == []


def test_prod_takes_what_two_have_approved(hub: GitHub) -> None:
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(hub, "prod")

    assert done.passed, done.log
    deployed, verified = records(hub, "prod")
    assert deployed["digest"] == records(hub, "test")[0]["digest"]
    assert deployed["change"] == "OPS-1"
    assert deployed["reason"] == "monthly approved by grace and alan"
    assert verified["verification"]["passed"]
    assert not list((hub.artefacts / "backup").rglob("*.tar"))  # nothing ran there yet


def test_the_next_package_gets_a_share_of_prod_before_it_gets_all(
    hub: GitHub, tmp_path: Path
) -> None:
    first = records(hub, "prod")[0]["digest"]
    second = bring_to_test(hub, clone(hub, tmp_path))
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(hub, "prod", canary="20")

    assert done.passed, done.log
    came = records(hub, "prod")[2:]
    assert [record["action"] for record in came] == ["canary", "verify", "promote", "verify"]
    assert {record["digest"] for record in came} == {second}
    assert came[0]["share"] == {"weight": 20, "beside": first}
    assert all(record["verification"]["passed"] for record in came[1::2])
    assert list((hub.artefacts / "backup").rglob("*.tar"))


def test_a_failing_verification_takes_prod_back(hub: GitHub, tmp_path: Path) -> None:
    first, second = (records(hub, "prod")[at]["digest"] for at in (0, -1))
    by_make(hub, clone(hub, tmp_path), "rollback", "verify", "ENV=test")
    nobody = replace(hub, variables=hub.variables | {"URL": "http://127.0.0.1:9"})
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(nobody, "prod")

    assert not done.passed
    assert "nobody listens at http://127.0.0.1:9" in done.log
    deployed, verified, back = records(hub, "prod")[-3:]
    assert (deployed["action"], deployed["digest"]) == ("deploy", first)
    assert verified["verification"]["passed"] is False
    assert (back["action"], back["digest"]) == ("rollback", second)


def test_an_environment_goes_back_by_hand(hub: GitHub) -> None:
    first = records(hub, "dev")[0]["digest"]
    inputs = {"environment": "dev", "record": "", "change": "", "reason": "it is slow"}

    done = hub.run("rollback", DISPATCH, {"inputs": inputs})

    assert done.passed, done.log
    back, verified = records(hub, "dev")[-2:]
    assert (back["action"], back["digest"], back["reason"]) == ("rollback", first, "it is slow")
    assert verified["verification"]["passed"]


def test_a_canary_that_fails_its_verification_loses_its_share(hub: GitHub, tmp_path: Path) -> None:
    running = records(hub, "prod")[-1]["digest"]
    third = bring_to_test(hub, clone(hub, tmp_path), title="Renamed")
    nobody = replace(hub, variables=hub.variables | {"URL": "http://127.0.0.1:9"})
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(nobody, "prod", canary="20")

    assert not done.passed
    assert "nobody listens at http://127.0.0.1:9" in done.log
    canary, verified, back = records(hub, "prod")[-3:]
    assert (canary["action"], canary["digest"]) == ("canary", third)
    assert canary["share"] == {"weight": 20, "beside": running}
    assert verified["verification"]["passed"] is False
    assert (back["action"], back["digest"]) == ("abort", running)


def bring_to_test(hub: GitHub, project: Path, title: str = "Wine model") -> str:
    """Bring another package to TEST by make alone, as without GitHub; return its digest.

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
    merge(hub, project)
    by_make(hub, project, "sign")
    for environment in ("dev", "test"):
        by_make(hub, project, "deploy", "verify", f"ENV={environment}")
    return str(records(hub, "test")[-2]["digest"])


def by_make(hub: GitHub, project: Path, *words: str) -> None:
    done = make(project, *words, environment=hub.path)
    assert done.returncode == 0, done.stdout + done.stderr
