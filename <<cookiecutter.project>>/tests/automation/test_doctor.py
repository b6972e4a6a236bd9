"""Each thing that is missing is a line that says what to type."""

import copy
from pathlib import Path
from typing import Any

import pytest

from automation import doctor, github_settings
from project.errors import UserError

REVIEW = {
    "type": "required_reviewers",
    "prevent_self_review": True,
    "reviewers": [{"type": "User", "reviewer": {"login": "grace"}}],
}
OTHERS = REVIEW | {"reviewers": [{"type": "Team", "reviewer": {"slug": "operations"}}]}
RULES = {"required_status_checks": [{"context": "pass"}]}
APPROVED = {"required_approving_review_count": 1}
BY_NAME = {"deployment_branch_policy": {"custom_branch_policies": True}}
MAIN = {"branch_policies": [{"name": "main"}]}
TAGS = {"ref_name": {"include": ["refs/tags/v*"]}}
WHOLE: dict[str, Any] = {
    "environments": {
        "environments": [
            {"name": "build", "protection_rules": []} | BY_NAME,
            {"name": "dev", "protection_rules": []} | BY_NAME,
            {"name": "test", "protection_rules": [REVIEW]} | BY_NAME,
            {"name": "prod-approval", "protection_rules": [REVIEW]} | BY_NAME,
            {"name": "prod", "protection_rules": [OTHERS]} | BY_NAME,
            {"name": "bot", "protection_rules": []} | BY_NAME,
        ]
    },
    **{
        f"environments/{name}/deployment-branch-policies": MAIN
        for name in github_settings.ENVIRONMENTS
    },
    "rules/branches/main": [
        {"type": "pull_request", "parameters": APPROVED},
        {"type": "required_status_checks", "parameters": RULES},
    ],
    "branches/main/protection": {},
    "rules/branches/gitops": [{"type": "non_fast_forward"}, {"type": "deletion"}],
    "rulesets": [{"id": 7, "target": "tag", "enforcement": "active"}],
    "rulesets/7": {"conditions": TAGS, "rules": [{"type": "creation"}]},
    "actions/permissions/workflow": {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": True,
    },
    "environments/build/secrets": {"secrets": [{"name": "SIGNING_KEY"}]},
}


def found(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(github_settings, "api", settings.__getitem__)
    return {each.what: each.advice for each in github_settings.github() if each.verdict != "ok"}


def test_a_repository_that_is_set_up_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(WHOLE, monkeypatch) == {}


def environments(settings: dict[str, Any]) -> list[dict[str, Any]]:
    return list(settings["environments"]["environments"])


def test_an_environment_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = copy.deepcopy(WHOLE)
    del settings["environments"]["environments"][3]

    said = found(settings, monkeypatch)

    command = "type: gh api -X PUT repos/{owner}/{repo}/environments/prod-approval"
    assert said == {"environment prod-approval": command}


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "it has no reviewer"),
        ([REVIEW | {"prevent_self_review": False}], "who starts a run may approve it"),
    ],
)
def test_an_environment_that_lets_anybody_pass_is_named(
    rules: list[dict[str, Any]], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy.deepcopy(WHOLE)
    environments(settings)[2]["protection_rules"] = rules

    assert why in found(settings, monkeypatch)["environment test"]


def test_one_group_for_both_approvals_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = copy.deepcopy(WHOLE)
    environments(settings)[4]["protection_rules"] = [REVIEW]

    assert "grace may approve both" in found(settings, monkeypatch)["prod: two groups"]


@pytest.mark.parametrize(("place", "why"), [(0, "takes pushes"), (1, "does not wait for pass")])
def test_a_main_that_is_open_is_named(
    place: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy.deepcopy(WHOLE)
    del settings["rules/branches/main"][place]

    assert why in found(settings, monkeypatch)["branch main"]


def test_a_key_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = WHOLE | {"environments/build/secrets": {"secrets": []}}

    command = "type: gh secret set SIGNING_KEY --env build < keys/signing.key"
    assert found(settings, monkeypatch) == {"secret SIGNING_KEY": command}


@pytest.mark.parametrize(
    ("policy", "named", "why"),
    [
        (None, ["main"], "any branch's workflows reach it"),
        ({"protected_branches": True, "custom_branch_policies": False}, [], "any branch's"),
        (BY_NAME["deployment_branch_policy"], ["develop"], "it takes no job of main"),
        (BY_NAME["deployment_branch_policy"], ["main", "feature/*"], "jobs of feature/* as well"),
    ],
)
def test_an_environment_that_takes_other_branches_is_named(
    policy: Any, named: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy.deepcopy(WHOLE)
    environments(settings)[4]["deployment_branch_policy"] = policy
    listed = {"branch_policies": [{"name": name} for name in named]}
    settings["environments/prod/deployment-branch-policies"] = listed

    assert why in found(settings, monkeypatch)["environment prod"]


@pytest.mark.parametrize(
    ("path", "answer", "what", "why"),
    [
        ("rules/branches/gitops", [{"type": "deletion"}], "branch gitops", "non_fast_forward"),
        ("rulesets", [], "tags v*", "whoever may push releases"),
        ("rulesets/7", {"conditions": TAGS, "rules": []}, "tags v*", "whoever may push releases"),
        (
            "actions/permissions/workflow",
            {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
            "Actions",
            "may open no pull request",
        ),
        (
            "actions/permissions/workflow",
            {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": True},
            "Actions",
            "a job's token writes",
        ),
    ],
)
def test_a_setting_of_the_repository_that_is_missing_is_named(
    path: str, answer: Any, what: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = found(WHOLE | {path: answer}, monkeypatch)

    assert list(said) == [what]
    assert why in said[what]


def test_the_older_protection_of_main_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {"required_status_checks": {"contexts": ["pass"]}}
    older |= {"required_pull_request_reviews": APPROVED}

    whole = WHOLE | {"rules/branches/main": [], "branches/main/protection": older}
    assert found(whole, monkeypatch) == {}


@pytest.mark.parametrize(
    ("registry", "config", "lacking"),
    [
        ('"local"', "[core]\n", {"registry": "missing", "DVC's remote": "without"}),
        ('"ghcr.io/team"', "[core]\n    remote = team\n", {}),
    ],
)
def test_what_ends_with_a_runner_is_named(
    registry: str,
    config: str,
    lacking: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(registry, config)

    seen = {each.what: each.verdict for each in doctor.places(is_on_github=True)}
    assert {what: verdict for what, verdict in seen.items() if verdict != "ok"} == lacking


def write(registry: str, config: str) -> None:
    for name, text in (("conf/project.yaml", f"registry: {registry}\n"), (".dvc/config", config)):
        Path(name).parent.mkdir()
        Path(name).write_text(text)


def test_without_gh_the_machine_is_looked_at(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "is_logged_in", lambda: False)
    write('"local"', "[core]\n")

    with pytest.raises(UserError, match=r"missing: .*keys/signing.pub, dvc.lock"):
        doctor.main()

    said = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["ok", "git"] for line in said)
    assert any("gh auth login" in line for line in said)
    assert any(line.startswith("without  registry ") for line in said)


@pytest.mark.parametrize(("code", "verdict"), [(0, "ok"), (1, "without")])
def test_docker_is_there_where_its_daemon_answers(
    code: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    docker = next(each for each in doctor.machine() if each.what == "docker")

    assert docker.verdict == verdict
    assert ("daemon does not answer" in docker.advice) == bool(code)
