"""Each thing that is missing is a line that says what to type."""

import copy
from pathlib import Path
from typing import Any

import pytest

from automation import doctor
from project.errors import UserError

REVIEW = {
    "type": "required_reviewers",
    "prevent_self_review": True,
    "reviewers": [{"type": "User", "reviewer": {"login": "grace"}}],
}
OTHERS = REVIEW | {"reviewers": [{"type": "Team", "reviewer": {"slug": "operations"}}]}
RULES = {"required_status_checks": [{"context": "pass"}]}
WHOLE: dict[str, Any] = {
    "environments": {
        "environments": [
            {"name": "build", "protection_rules": []},
            {"name": "dev", "protection_rules": []},
            {"name": "test", "protection_rules": [REVIEW]},
            {"name": "prod-approval", "protection_rules": [REVIEW]},
            {"name": "prod", "protection_rules": [OTHERS]},
            {"name": "bot", "protection_rules": []},
        ]
    },
    "rules/branches/main": [
        {"type": "pull_request"},
        {"type": "required_status_checks", "parameters": RULES},
    ],
    "environments/build/secrets": {"secrets": [{"name": "SIGNING_KEY"}]},
}


def found(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(doctor, "api", settings.__getitem__)
    return {each.what: each.advice for each in doctor.github() if each.verdict != "ok"}


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
    ("registry", "config", "lacking"),
    [
        ('"local"', "[core]\n", ["registry", "DVC's remote"]),
        ('"ghcr.io/team"', "[core]\n    remote = team\n", []),
    ],
)
def test_what_ends_with_a_runner_is_named(
    registry: str, config: str, lacking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("conf/project.yaml", f"registry: {registry}\n"), (".dvc/config", config)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)

    assert [each.what for each in doctor.places() if each.verdict != "ok"] == lacking


def test_without_gh_the_machine_is_looked_at(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "is_logged_in", lambda: False)

    with pytest.raises(UserError, match=r"missing: .*keys/signing.pub, dvc.lock"):
        doctor.main()

    said = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["ok", "git"] for line in said)
    assert any("gh auth login" in line for line in said)
