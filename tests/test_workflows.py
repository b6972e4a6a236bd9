"""The workflows as they are written: what GitHub advises, and what the project holds them to."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.act import REPOSITORY, STAND_INS, TOKEN
from tests.conftest import PROJECT, ROOT, run

GITHUB = ROOT / PROJECT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted(GITHUB.glob("actions/*/action.yml"))
TOOLS = Path(sys.executable).parent
#: Lines that no make target could stand for: they say something, or sum up jobs.
NO_TARGET = ('test "$FAILED" = false', "echo ")

Steps = Iterator[tuple[str, dict[str, Any]]]
by_name = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    """Read a workflow; YAML 1.1 takes its `on` for a truth."""
    text = re.sub(r"^on:", '"on":', path.read_text(), flags=re.MULTILINE)
    return dict(yaml.safe_load(text))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return dict(read(path)["jobs"])


def steps(paths: list[Path]) -> Steps:
    for path in paths:
        content = read(path)
        made = content["jobs"].values() if "jobs" in content else [content["runs"]]
        for job in made:
            for step in job.get("steps", []):
                yield path.stem, step


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    options = ("--offline", "--persona", "auditor", "--strict-collection", "--format", "plain")
    return run([str(TOOLS / "zizmor"), *options, str(folder)], None)


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
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", schema, *map(str, paths)]

    done = run(command, None)

    assert done.returncode == 0, done.stdout


def test_shellcheck_finds_nothing_in_any_step(tmp_path: Path) -> None:
    script = tmp_path / "step.sh"
    for name, step in steps([*WORKFLOWS, *ACTIONS]):
        if "run" in step:
            script.write_text(f"#!/bin/bash -e\n{step['run']}\n")
            done = run([str(TOOLS / "shellcheck"), "--norc", "--severity=style", str(script)], None)
            assert done.returncode == 0, f"{name}: {done.stdout}"


def test_a_step_is_one_line_that_calls_a_make_target() -> None:
    makefile = (ROOT / PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for name, step in steps([*WORKFLOWS, *ACTIONS]):
        line = step.get("run", "make help")
        assert "\n" not in line, name
        if not line.startswith(NO_TARGET):
            found = re.fullmatch(r"make ([a-z-]+)", line)
            assert found, f"{name}: {line}"
            assert found[1] in targets, f"{name}: {line}"


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


def test_a_commit_of_desired_state_starts_nothing() -> None:
    for path in WORKFLOWS:
        push = read(path)["on"].get("push", {"branches": []})
        assert set(push["branches"]) <= {"main", "develop"}, path.stem


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


def named(pattern: str) -> set[str]:
    """Return what a pattern finds in the workflows."""
    return {name for path in WORKFLOWS for name in re.findall(pattern, path.read_text())}


def documented(name: str) -> str:
    return (ROOT / PROJECT / "docs" / name).read_text()


def test_the_docs_name_each_workflow_and_each_of_its_jobs() -> None:
    table = documented("github.md")
    for path in WORKFLOWS:
        (line,) = [line for line in table.splitlines() if line.startswith(f"| `{path.name}`")]
        for job in jobs(path):
            assert f"`{job}`" in line, f"{path.name}: {job}"


def test_the_docs_name_the_secrets_and_variables_that_are_used_and_no_others() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", documented("secrets.md"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}

    assert told == named(r"secrets\.([A-Z_]+)") | named(r"vars\.([A-Z_]+)")


def test_the_docs_and_the_doctor_name_the_environments_that_are_used() -> None:
    sys.path.insert(0, str(ROOT / PROJECT / "src"))
    from automation.approvals import REVIEWED
    from automation.github_settings import ENVIRONMENTS

    used = {
        str(job["environment"])
        for path in WORKFLOWS
        for job in jobs(path).values()
        if "environment" in job and "${{" not in str(job["environment"])
    }
    called = {
        job["with"]["environment"]
        for path in WORKFLOWS
        for job in jobs(path).values()
        if "uses" in job and "${{" not in job["with"]["environment"]
    }
    commands = documented("github.md")
    created = set(re.findall(r"-X PUT \S+/environments/([\w-]+)", commands))
    roles = set(re.findall(r"environments? (`[^|]+)", documented("roles.md")))
    told = {name for text in roles for name in re.findall(r"`([\w-]+)`", text)}
    assert used | called == created == ENVIRONMENTS.keys()
    assert used | called <= told | {"make"}
    reviewed = {name for name, is_reviewed in ENVIRONMENTS.items() if is_reviewed}
    assert set(re.findall(r"environments/([\w-]+) --input", commands)) == reviewed
    assert set(REVIEWED) <= reviewed


def test_the_docs_name_the_secret_where_its_environment_is() -> None:
    table = re.compile(r"^\| `([A-Z_]+)` \| (`[^|]+) \| [^|]+ \|$", re.MULTILINE)
    for secret, environments in table.findall(documented("secrets.md")):
        named_there = set(re.findall(r"`([\w-]+)`", environments))
        readers = {
            str(job.get("environment"))
            for path in WORKFLOWS
            for job in jobs(path).values()
            if "steps" in job and f"secrets.{secret}" in yaml.safe_dump(job)
        }
        readers |= {"dev", "test", "prod"} if "${{ inputs.environment }}" in readers else set()
        assert readers - {"${{ inputs.environment }}"} == named_there, secret


def test_the_settings_of_the_docs_are_those_that_the_doctor_asks_for(tmp_path: Path) -> None:
    for name, text in (
        ("conf/project.yaml", "registry: ghcr.io/team\n"),
        (".dvc/config", "[core]\n"),
        ("keys/signing.key", "a key"),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    given = {"PATH": f"{STAND_INS}{os.pathsep}{os.environ['PATH']}", "GH_TOKEN": TOKEN}
    given |= {"GH_STATE": str(tmp_path / "gh.json"), "GITHUB_REPOSITORY": REPOSITORY}
    given |= {"PYTHONPATH": str(ROOT / PROJECT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    _, _, settings = documented("github.md").partition("## Settings, once")
    commands = settings.partition("## What has to be elsewhere")[0].split("```")[1::2]
    assert len(commands) == 2

    def missing() -> set[str]:
        done = run([sys.executable, "-m", "automation.doctor"], tmp_path, given)
        return set(re.findall(r"^missing +(.+?)  ", done.stdout, re.MULTILINE))

    asked = {"branch main", "branch gitops", "tags v*", "Actions", "secret SIGNING_KEY"}
    asked |= {"environment bot", "environment prod"}
    assert asked <= missing()
    done = run(["bash", "-euc", "\n".join(commands)], tmp_path, given)
    assert done.returncode == 0, done.stderr
    assert missing() == {".venv/installed.txt", "keys/signing.pub", "dvc.lock"}
