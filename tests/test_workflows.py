"""The workflows as they are written: what GitHub advises, and what the project holds them to."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT, ROOT, run
from tests.workflow_files import (
    ACTIONS,
    GITHUB,
    TOOLS,
    WORKFLOWS,
    examples,
    jobs,
    read,
    steps,
    targets,
    valid,
    zizmor,
)

#: Lines that no make target could stand for: they say something, or sum up jobs.
NO_TARGET = ('test "$FAILED" = false', "echo ")

by_name = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def test_zizmor_at_its_strictest_finds_nothing() -> None:
    found = zizmor(GITHUB)

    assert found.returncode == 0, found.stdout
    assert "No findings to report" in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("persist-credentials: false", "fetch-tags: true", "artipacked"),
        (
            "run: make changed",
            "run: make changed BASE=${{ github.head_ref }}",
            "template-injection",
        ),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
    ],
)
def test_zizmor_sees_a_flaw_that_is_planted(
    old: str, new: str, finding: str, tmp_path: Path
) -> None:
    text = (GITHUB / "workflows/pull-request.yml").read_text()
    assert old in text
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "pull-request.yml").write_text(text.replace(old, new))

    found = zizmor(tmp_path)

    assert found.returncode > 0
    assert finding in found.stdout


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", ACTIONS),
        ("vendor.dependabot", [GITHUB / "dependabot.yml"]),
    ],
)
def test_each_file_is_as_its_schema_has_it(schema: str, paths: list[Path]) -> None:
    assert paths

    done = valid(schema, *paths)

    assert done.returncode == 0, done.stdout


def shellcheck(script: Path, text: str) -> str:
    """Return what shellcheck says of a step's text."""
    script.write_text(f"#!/bin/bash -e\n{text}\n")
    done = run([str(TOOLS / "shellcheck"), "--norc", "--severity=style", str(script)], None)
    assert (done.returncode == 0) == (done.stdout == ""), done.stderr
    return done.stdout


def test_shellcheck_finds_nothing_in_any_step(tmp_path: Path) -> None:
    looked = [(name, step["run"]) for name, step in steps([*WORKFLOWS, *ACTIONS]) if "run" in step]

    assert len(looked) > 50
    for name, text in looked:
        assert shellcheck(tmp_path / "step.sh", text) == "", name


def test_shellcheck_sees_a_flaw_that_is_planted(tmp_path: Path) -> None:
    assert "SC2086" in shellcheck(tmp_path / "step.sh", "test $FAILED = false")


def test_a_step_is_one_line_that_calls_a_make_target() -> None:
    for name, step in steps([*WORKFLOWS, *ACTIONS]):
        line = step.get("run", "make help")
        assert "\n" not in line, name
        if not line.startswith(NO_TARGET):
            found = re.fullmatch(r"make ([a-z-]+)", line)
            assert found, f"{name}: {line}"
            assert found[1] in targets(), f"{name}: {line}"


def test_no_step_sets_a_variable_that_the_makefile_keeps_for_itself() -> None:
    makefile = (ROOT / PROJECT / "Makefile").read_text()
    kept = set(re.findall(r"^([A-Z]+) [:?]?=", makefile, re.MULTILINE))
    assert "RUN" in kept
    for name, step in steps(WORKFLOWS):
        assert not kept & step.get("env", {}).keys(), name


def test_every_action_is_pinned_and_says_its_version() -> None:
    for path in [*WORKFLOWS, *ACTIONS]:
        for line in re.findall(r"uses: (.*)", path.read_text()):
            assert re.fullmatch(r"\$/\.github/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), (
                line
            )


def test_dependabot_looks_wherever_an_action_is_named() -> None:
    (update,) = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]

    assert update["package-ecosystem"] == "github-actions"
    folders = {f"/.github/actions/{path.parent.name}" for path in ACTIONS}
    assert set(update["directories"]) == {"/", *folders}  # "/" is .github/workflows


@by_name
def test_nothing_is_permitted_that_is_not_said(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert "permissions" in job, name
        assert job["permissions"] == {} or isinstance(job["permissions"], dict), name


@by_name
def test_every_job_ends_in_time(path: Path) -> None:
    for name, job in jobs(path).items():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 360, name


def test_two_deploys_to_one_environment_wait_for_each_other() -> None:
    (deploy,) = jobs(GITHUB / "workflows/deploy.yml").values()

    # Without `queue: max` a third would take the second's place; a rollback waits for no reviewer
    # of another run.
    group = "deploy-${{ inputs.environment }}${{ inputs.digest == '' && '-back' || '' }}"
    expected = {"group": group, "cancel-in-progress": False, "queue": "max"}
    assert deploy["concurrency"] == expected
    deploying = {"deploy", "rollback", "canary", "promote", "abort"}
    for name, step in steps(WORKFLOWS):
        if step.get("run", "").removeprefix("make ") in deploying:
            assert name == "deploy"


def test_prod_is_kept_before_it_is_changed_and_looked_at_after() -> None:
    (deploy,) = jobs(GITHUB / "workflows/deploy.yml").values()
    order = [step["run"].removeprefix("make ") for step in deploy["steps"] if "run" in step]

    changes = [place for place, target in enumerate(order) if target in ("canary", "deploy")]
    assert order.index("approvals") < order.index("take") < order.index("backup") < min(changes)
    (gone,) = [place for place, target in enumerate(order) if target == "rollback"]
    assert order[gone + 1 :] == ["verify", "integration", "status"]
    canary = order.index("canary")
    assert order[canary : canary + 3] == ["canary", "verify", "promote"]


def test_a_rollback_builds_nothing_and_runs_nothing_that_asks_for_results() -> None:
    (deploy,) = jobs(GITHUB / "workflows/deploy.yml").values()
    entering = "inputs.digest != ''"
    back = [step.get("run") for step in deploy["steps"] if entering not in step.get("if", "")]

    targets = [line.removeprefix("make ") for line in back if line]
    assert targets == ["approvals", "backup", "rollback", "verify", "status"]


def test_a_promotion_names_its_ticket_and_its_load_takes_as_long_as_make_says() -> None:
    asked = read(GITHUB / "workflows/promote.yml")["on"]["workflow_dispatch"]["inputs"]

    assert asked["change"]["required"] is True
    assert not any("LOAD_SECONDS" in path.read_text() for path in WORKFLOWS)


def test_a_rollback_is_asked_for_alike_by_hand_and_by_a_workflow() -> None:
    starts = read(GITHUB / "workflows/rollback.yml")["on"]

    def asked(event: str) -> dict[str, Any]:
        given = starts[event]["inputs"].items()
        return {name: (one.get("required"), one.get("default")) for name, one in given}

    assert asked("workflow_dispatch") == asked("workflow_call")


def test_the_workflow_that_the_docs_have_call_a_rollback_is_as_ours(tmp_path: Path) -> None:
    (caller,) = examples("github.md", "yaml")
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "back.yml").write_text(caller)

    found = zizmor(tmp_path)

    assert found.returncode == 0, found.stdout
    assert valid("vendor.github-workflows", folder / "back.yml").returncode == 0
    (ours,) = jobs(GITHUB / "workflows/rollback.yml").values()
    (theirs,) = jobs(folder / "back.yml").values()
    assert theirs["permissions"] == ours["permissions"]
    assert theirs["secrets"] == ours["secrets"]


def test_whoever_asks_for_the_state_brings_its_login() -> None:
    asking = [job for path in WORKFLOWS for job in jobs(path).values() if "GITOPS_REPO" in str(job)]
    calling = [
        job
        for path in WORKFLOWS
        for job in jobs(path).values()
        if "deploy.yml" in job.get("uses", "")
    ]

    login = "${{ secrets.GITOPS_TOKEN }}"
    assert len(asking) == 3
    assert all(job["env"]["GITOPS_TOKEN"] == login and job["environment"] for job in asking)
    assert len(calling) == 4
    assert all(job["secrets"]["GITOPS_TOKEN"] == login for job in calling)


def test_a_cache_is_written_by_each_run_and_read_by_the_next() -> None:
    (cache,) = [step for _, step in steps(ACTIONS) if "actions/cache@" in step.get("uses", "")]
    key, restored = cache["with"]["key"], cache["with"]["restore-keys"].splitlines()

    # actions/cache never writes a key again.
    for part in ("github.run_id", "github.run_attempt", "github.job"):
        assert f"${{{{ {part} }}}}" in key
    assert len(restored) == 2
    assert all(key.startswith(prefix) for prefix in restored)
    users = {
        f"{path.stem}: {name}"
        for path in WORKFLOWS
        for name, job in jobs(path).items()
        for step in job.get("steps", [])
        if step.get("with", {}).get("cache") == "true"
    }
    working = ("make results", "make debug")
    asked = {
        f"{path.stem}: {name}"
        for path in WORKFLOWS
        for name, job in jobs(path).items()
        if any(step.get("run") in working for step in job.get("steps", []))
    }
    assert users == asked


def test_a_merge_queue_has_the_check_that_is_required() -> None:
    workflow = GITHUB / "workflows/pull-request.yml"
    starts, text = read(workflow)["on"], workflow.read_text()

    assert starts["merge_group"]["branches"] == starts["pull_request"]["branches"]
    # One that changes its base is another merge.
    assert "edited" in starts["pull_request"]["types"]
    bases = re.findall(r"BASE: (.*)", text)
    assert len(bases) == 2
    assert all("merge_group.base_sha" in base for base in bases)


def test_no_checkout_keeps_its_login() -> None:
    found = [step for _, step in steps(WORKFLOWS) if "actions/checkout@" in step.get("uses", "")]

    assert len(found) > 5
    assert all(step["with"]["persist-credentials"] is False for step in found)


def test_no_secret_stands_in_a_command_line() -> None:
    for name, step in steps([*WORKFLOWS, *ACTIONS]):
        assert "${{" not in step.get("run", ""), name


@by_name
def test_a_commit_of_desired_state_starts_nothing(path: Path) -> None:
    starts = read(path)["on"]

    # An event of a branch names its branches; without, it would be any, gitops and deploy/… too.
    for event in {"push", "pull_request", "merge_group"} & starts.keys():
        assert set(starts[event]["branches"]) <= {"main", "develop"}
    others = {"create", "delete", "pull_request_target", "status", "workflow_run"}
    assert not others & starts.keys()


def test_nothing_pushes_to_main() -> None:
    makers = {path.stem for path in WORKFLOWS if "make propose" in path.read_text()}

    assert makers == {"template-update"}  # make retrain proposes by itself
    assert not any("git push" in path.read_text() for path in WORKFLOWS)


def test_what_drift_sends_is_what_a_retraining_starts_from() -> None:
    starts = read(GITHUB / "workflows/retrain.yml")["on"]["repository_dispatch"]["types"]

    assert starts == ["drift-alert", "new-data", "registry"]
    sender = ROOT / PROJECT / "src/automation/drift_alert.py"
    assert '"event_type": "drift-alert"' in sender.read_text()


def test_pass_waits_for_every_other_job() -> None:
    made = jobs(GITHUB / "workflows/pull-request.yml")

    assert set(made["pass"]["needs"]) == made.keys() - {"pass"}
    assert made["pass"]["if"] == "always()"
