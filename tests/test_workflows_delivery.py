"""From a merge to PROD and back by the workflows themselves, run by act.

One project, one remote, one registry: a step's test begins where the one before it ended, as its
users' days do, and says so where that one did not pass. What is asserted is what remote, registry
and records hold afterwards.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.act import GitHub
from tests.conftest import commit_all, git
from tests.delivering import (
    DISPATCH,
    actions,
    bring,
    checked,
    make_another,
    promote,
    records,
)
from tests.hub import clone
from tests.projects import make
from tests.workflow_files import examples

pytestmark = pytest.mark.xdist_group("workflows")

PASSED: list[str] = []
VERIFIED = {"ready", "digest", "golden", "p99", "metrics"}


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


@pytest.fixture(scope="module")
def later(hub: GitHub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone that has committed the package after the first."""
    project = clone(hub, tmp_path_factory.mktemp("later"))
    make_another(hub, project)
    return project


def test_a_merge_is_built_once_and_brought_to_dev(hub: GitHub) -> None:
    main = git(hub.origin, "rev-parse", "main")

    done = hub.run("deliver", "push", {"ref": "refs/heads/main"})

    assert done.passed, done.log
    assert done.jobs == {"build": "success", "deploy": "success", "offer": "success"}
    deployed, verified = records(hub, "dev")
    assert (deployed["action"], deployed["commit"]) == ("deploy", main)
    assert deployed["by"].startswith("ada <")
    assert checked(verified) == VERIFIED
    attested = (hub.artefacts / "attested").read_text().splitlines()
    assert attested == [f"{deployed['digest']} {what}" for what in ("provenance", "dist/sbom.json")]
    assert git(hub.origin, "rev-parse", "main") == main
    assert hub.secrets["SIGNING_KEY"].splitlines()[1] not in done.log


def test_the_commit_of_desired_state_holds_nothing_to_start(hub: GitHub) -> None:
    """Show that a push to gitops starts nothing: GitHub asks the workflows of what was pushed."""
    held = git(hub.origin, "ls-tree", "-r", "--name-only", "gitops").splitlines()

    assert "dev/wine-model/config.yaml" in held
    assert all(name.startswith("dev/") for name in held)


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


def test_a_tag_makes_a_release_of_the_same_package_and_deploys_nothing(hub: GitHub) -> None:
    before = actions(hub, "dev")
    git(hub.origin, "tag", "v1.0.0", "main")

    done = hub.run("deliver", "push", {"ref": "refs/tags/v1.0.0"}, ref="v1.0.0")

    assert done.passed, done.log
    assert done.jobs == {"build": "success", "release": "success"}
    created, uploaded = hub.state["releases"]
    assert created[:3] == ["create", "v1.0.0", "--verify-tag"]
    assert uploaded[:2] == ["upload", "v1.0.0"]
    assert {"dist/bento/README.md", "dist/sbom.json", "reports/index.html"} < set(uploaded)
    attested = (hub.artefacts / "attested").read_text().splitlines()
    assert {line.split()[0] for line in attested} == {records(hub, "dev")[0]["digest"]}
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
    assert checked(verified) == VERIFIED
    assert checked(integrated) == VERIFIED | {"inputs", "refusals", "load", "drift"}
    (load,) = (one for one in integrated["verification"]["checks"] if one["id"] == "load")
    assert load["figures"]["seconds"] == 1


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


def test_prod_takes_what_two_have_approved_and_somebody_is_told(hub: GitHub) -> None:
    hub.approve(prod_approval="grace", prod="alan")
    hub.told.clear()

    done = promote(hub, "prod")

    assert done.passed, done.log
    deployed, verified = records(hub, "prod")
    assert deployed["digest"] == records(hub, "test")[0]["digest"]
    assert deployed["change"] == "OPS-1"
    assert deployed["reason"] == "monthly approved by grace and alan"
    assert checked(verified) == VERIFIED
    assert not list((hub.artefacts / "backup").rglob("*.tar"))  # nothing ran there yet
    came, held = hub.told
    assert came.startswith("prod is to run wine-model")
    assert held.endswith("in prod is verified (pulled)")


def test_develop_feeds_dev_and_goes_no_further(hub: GitHub, later: Path) -> None:
    before = actions(hub, "test")
    git(later, "push", "--quiet", "origin", "HEAD:develop")

    done = hub.run("deliver", "push", {"ref": "refs/heads/develop"}, ref="develop")
    refused = promote(hub, "test")

    assert done.passed, done.log
    assert done.jobs == {"build": "success", "deploy": "success"}
    deployed, verified = records(hub, "dev")[-2:]
    assert deployed["commit"] == git(later, "rev-parse", "HEAD")
    assert checked(verified) == VERIFIED
    assert not refused.passed
    assert f"{deployed['commit'][:10]}, which origin/main does not hold" in refused.log
    assert actions(hub, "test") == before


def test_the_next_package_gets_a_share_of_prod_before_it_gets_all(hub: GitHub, later: Path) -> None:
    first = records(hub, "prod")[0]["digest"]
    second = bring(hub, later, "test")
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(hub, "prod", canary="20")

    assert done.passed, done.log
    came = records(hub, "prod")[2:]
    assert [record["action"] for record in came] == ["canary", "verify", "promote", "verify"]
    assert {record["digest"] for record in came} == {second}
    assert came[0]["share"] == {"weight": 20, "beside": first}
    assert all(checked(record) == VERIFIED for record in came[1::2])
    assert list((hub.artefacts / "backup").rglob("*.tar"))


def test_an_environment_goes_back_by_hand(hub: GitHub) -> None:
    first = records(hub, "test")[0]["digest"]
    inputs = {"environment": "test", "record": "", "change": "OPS-2", "reason": "it is slow"}

    done = hub.run("rollback", DISPATCH, {"inputs": inputs})

    assert done.passed, done.log
    back, verified = records(hub, "test")[-2:]
    assert (back["action"], back["digest"], back["reason"]) == ("rollback", first, "it is slow")
    assert back["change"] == "OPS-2"
    assert checked(verified) == VERIFIED  # so that PROD may have it


def test_a_failing_verification_takes_prod_back_and_says_so(hub: GitHub) -> None:
    first, second = (records(hub, "prod")[at]["digest"] for at in (0, -1))
    nobody = replace(hub, variables=hub.variables | {"URL": "http://127.0.0.1:9"})
    hub.approve(prod_approval="grace", prod="alan")

    done = promote(nobody, "prod")

    assert not done.passed
    assert "nobody listens at http://127.0.0.1:9" in done.log
    deployed, verified, back = records(hub, "prod")[-3:]
    assert (deployed["action"], deployed["digest"]) == ("deploy", first)
    assert verified["verification"]["passed"] is False
    assert (back["action"], back["digest"]) == ("rollback", second)
    assert f"prod is back at wine-model {second[7:19]}" in hub.told[-1]


def test_an_environment_goes_back_where_a_workflow_calls_for_it(
    hub: GitHub, tmp_path: Path
) -> None:
    project, first = clone(hub, tmp_path), records(hub, "dev")[0]["digest"]
    (caller,) = examples("github.md", "yaml")
    (project / ".github/workflows/back.yml").write_text(caller)
    commit_all(project, "Let others ask for a rollback")
    git(project, "push", "--quiet", "origin", "HEAD:calling")
    asked = {"environment": "dev", "reason": "p99 doubled"}

    done = hub.run("back", "repository_dispatch", {"client_payload": asked}, ref="calling")

    assert done.passed, done.log
    assert done.jobs == {"deploy": "success"}
    back, verified = records(hub, "dev")[-2:]
    assert (back["action"], back["digest"], back["reason"]) == ("rollback", first, "p99 doubled")
    assert checked(verified) == VERIFIED


def test_a_canary_that_fails_its_verification_loses_its_share(hub: GitHub, tmp_path: Path) -> None:
    running, project = records(hub, "prod")[-1]["digest"], clone(hub, tmp_path)
    make_another(hub, project, title="Renamed")
    third = bring(hub, project, "dev", "test")
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
