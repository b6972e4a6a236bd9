"""What the docs say of the workflows, held against them: names, settings, other CI."""

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.act import REPOSITORY, STAND_INS, TOKEN
from tests.conftest import PROJECT, ROOT, run
from tests.workflow_files import WORKFLOWS, documented, examples, jobs, targets, valid

PAGES = ("branches.md", "roles.md", "secrets.md")


def named(pattern: str) -> set[str]:
    """Return what a pattern finds in the workflows."""
    return {name for path in WORKFLOWS for name in re.findall(pattern, path.read_text())}


def test_the_docs_name_each_workflow_and_each_of_its_jobs_and_no_others() -> None:
    rows = re.findall(r"^\| `(.+?)` \| .+? \| (.+) \|$", documented("github.md"), re.MULTILINE)
    table = {name: set(re.findall(r"`([\w-]+)`", does)) for name, does in rows}

    assert table == {path.name: set(jobs(path)) for path in WORKFLOWS}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_has_a_diagram_and_names_only_workflows_that_are_there(page: str) -> None:
    assert examples(page, "mermaid")
    told = set(re.findall(r"\b([a-z-]+\.yml)\b", documented(page)))
    assert told
    assert told <= {path.name for path in WORKFLOWS}


def readers(secret: str) -> set[tuple[str, str]]:
    """Return which jobs read a secret, by their environment, and by the file they stand in."""
    found = {
        (str(job.get("environment")), path.name)
        for path in WORKFLOWS
        for job in jobs(path).values()
        if "steps" in job and f"secrets.{secret}" in yaml.safe_dump(job)
    }
    whole = {(name, "deploy.yml") for name in ("dev", "test", "prod")}
    asked = ("${{ inputs.environment }}", "deploy.yml")
    return (found - {asked}) | (whole if asked in found else set())


def test_the_docs_name_the_secrets_and_variables_that_are_used_and_no_others() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", documented("secrets.md"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}

    assert told == named(r"secrets\.([A-Z_]+)") | named(r"vars\.([A-Z_]+)")


def test_the_docs_name_the_secret_where_its_environment_is() -> None:
    table = re.compile(r"^\| `([A-Z_]+)` \| (`[^|]+) \| [^|]+ \|$", re.MULTILINE)
    told = {
        secret: set(re.findall(r"`([\w-]+)`", environments))
        for secret, environments in table.findall(documented("secrets.md"))
    }

    assert told == {
        secret: {environment for environment, _ in readers(secret)}
        for secret in named(r"secrets\.([A-Z_]+)")
    }


def test_the_diagram_shows_which_secret_which_workflow_reads() -> None:
    (diagram,) = examples("secrets.md", "mermaid")
    lines = re.findall(r"^  (\w+)\[(.+)\] --> (.+)$", diagram, re.MULTILINE)
    shown = {
        (secret, environment, workflow)
        for environment, text, workflows in lines
        for secret in re.findall(r"[A-Z_]{4,}", text)
        for workflow in re.findall(r"\[(.+?)\]", workflows)
    }
    read = {
        (secret, environment, workflow)
        for secret in named(r"secrets\.([A-Z_]+)")
        for environment, workflow in readers(secret)
    }
    # An environment stands once, with all of its secrets, for all workflows that read one of them.
    assert read <= shown
    assert {(environment, file) for _, environment, file in shown} == {
        (environment, file) for _, environment, file in read
    }
    assert {(secret, environment) for secret, environment, _ in shown} == {
        (secret, environment) for secret, environment, _ in read
    }


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


def test_another_ci_takes_ten_lines_of_make_targets(tmp_path: Path) -> None:
    (gitlab,), (jenkins,) = (examples("other-ci.md", name) for name in ("yaml", "groovy"))
    (tmp_path / ".gitlab-ci.yml").write_text(gitlab)

    done = valid("vendor.gitlab-ci", tmp_path / ".gitlab-ci.yml")

    assert done.returncode == 0, done.stdout
    for text in (gitlab, jenkins):
        assert len(text.splitlines()) <= 10
        commands = re.findall(r"make ([^,\]'&]+)", text)
        words = {word for command in commands for word in command.split() if "=" not in word}
        assert {"check-lock", "deploy", "verify", "integration", "backup"} <= words
        assert words <= targets()
    # What PROD's gate asks for has to come from somewhere, and nobody is asked on a branch.
    assert "parameters { string(name: 'CHANGE') }" in jenkins
    assert jenkins.count("input {") == jenkins.count("when { beforeInput true; branch 'main' }")
