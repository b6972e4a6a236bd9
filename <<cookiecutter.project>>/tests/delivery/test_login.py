"""How a registry that asks who one is gets its answer."""

import base64
import json
from pathlib import Path

import pytest
import requests

from delivery.registry.credentials import Credentials, find_credentials
from delivery.registry.login import Challenge, Login, is_loopback, is_safe, parse_challenges
from delivery.registry.session import Session
from project.errors import UserError

BEARER = 'Bearer realm="https://auth.io/token",service="reg.io",scope="repository:a/b:pull,push"'

CHALLENGES = {
    'Basic realm="x"': [Challenge("basic", {"realm": "x"})],
    "basic realm=x": [Challenge("basic", {})],
    BEARER: [
        Challenge(
            "bearer",
            {
                "realm": "https://auth.io/token",
                "service": "reg.io",
                "scope": "repository:a/b:pull,push",
            },
        )
    ],
    'Basic realm="a, b", Bearer realm="https://t"': [
        Challenge("bearer", {"realm": "https://t"}),
        Challenge("basic", {"realm": "a, b"}),
    ],
    "Negotiate": [],
    "": [],
}
LOOPBACK = {
    "localhost": True,
    "localhost:5000": True,
    "127.0.0.1:5000": True,
    "127.9.9.9": True,
    "[::1]:5000": True,
    "localhost.example.org": False,
    "127.0.0.1.example.org": False,
    "ghcr.io": False,
    "10.0.0.1:5000": False,
}


@pytest.fixture(autouse=True)
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own logins out of it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    (folder / "docker").mkdir()
    return folder / "docker"


def write_config(home: Path, config: object) -> None:
    (home / "config.json").write_text(json.dumps(config))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write_helper(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = folder / "docker-credential-vault"
    helper.write_text(f"#!/bin/sh\n{script}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize("header", CHALLENGES)
def test_challenges_are_read(header: str) -> None:
    assert parse_challenges(header) == CHALLENGES[header]


@pytest.mark.parametrize("host", LOOPBACK)
def test_http_is_for_this_machine_alone(host: str) -> None:
    assert is_loopback(host) == LOOPBACK[host]
    assert Session(host, host).base.startswith("http://" if LOOPBACK[host] else "https://")


def test_a_password_goes_by_https_or_nowhere_else() -> None:
    assert is_safe("https://auth.docker.io/token")
    assert is_safe("http://127.0.0.1:5001/token")
    assert not is_safe("http://auth.docker.io/token")
    assert not is_safe("file:///etc/passwd")
    with pytest.raises(UserError, match=r"reg.io: sends one to 'http://evil.io' for a token"):
        Login("reg.io", "reg.io").answer('Bearer realm="http://evil.io"')


def test_the_answer_goes_to_the_registry_and_to_no_other_host(home: Path) -> None:
    write_config(home, {"auths": {"reg.io": {"auth": encoded("ada:secret")}}})
    login = Login("reg.io", "reg.io")
    assert login.answer('Basic realm="x"')

    def header(url: str) -> str | None:
        return login(requests.Request("GET", url).prepare()).headers.get("Authorization")

    assert header("https://reg.io/v2/") == f"Basic {encoded('ada:secret')}"
    assert header("https://storage.cloud.io/upload") is None
    assert not login.answer('Basic realm="x"')  # the same again would be refused again


ENTRIES = {
    "as docker login writes it": {"reg.io": {"auth": encoded("ada:se:cret")}},
    "with a scheme": {"https://reg.io": {"auth": encoded("ada:se:cret")}},
    "with a path": {"https://reg.io/v1/": {"auth": encoded("ada:se:cret")}},
    "in plain words": {"reg.io": {"username": "ada", "password": "se:cret"}},
}


@pytest.mark.parametrize("auths", ENTRIES.values(), ids=ENTRIES)
def test_logins_are_found(home: Path, auths: dict[str, dict[str, str]]) -> None:
    write_config(home, {"auths": {"other.io": {"auth": encoded("bob:x")}} | auths})

    assert find_credentials("reg.io") == Credentials("ada", "se:cret")
    assert find_credentials("reg.io:5000") is None


def test_a_token_that_buys_others_is_found(home: Path) -> None:
    entry = {"auth": encoded("00000000:"), "identitytoken": "long"}
    write_config(home, {"auths": {"reg.io": entry}})

    assert find_credentials("reg.io") == Credentials("00000000", identity_token="long")


def test_docker_hub_has_a_name_of_its_own(home: Path) -> None:
    write_config(home, {"auths": {"https://index.docker.io/v1/": {"auth": encoded("ada:x")}}})

    assert find_credentials("docker.io") == Credentials("ada", "x")
    assert Session("docker.io", "docker.io/ada").base == "https://registry-1.docker.io"


@pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
def test_a_helper_is_asked(home: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = '{"ServerURL": "reg.io", "Username": "ada", "Secret": "secret"}'
    write_helper(home, f"[ $(cat) = reg.io ] && [ $1 = get ] && echo '{said}'", monkeypatch)
    write_config(home, {key: "vault" if key == "credsStore" else {"reg.io": "vault"}})

    assert find_credentials("reg.io") == Credentials("ada", "secret")
    assert find_credentials("other.io") is None


def test_a_helper_that_gives_a_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_helper(home, """echo '{"Username": "<token>", "Secret": "long"}'""", monkeypatch)
    write_config(home, {"credsStore": "vault"})

    found = find_credentials("reg.io")
    assert found
    assert found.identity_token == "long"


def test_a_helper_that_is_not_installed_leaves_the_other_logins(home: Path) -> None:
    auths = {"reg.io": {"auth": encoded("ada:secret")}}
    write_config(home, {"credsStore": "nowhere", "auths": auths})

    assert find_credentials("reg.io") == Credentials("ada", "secret")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "config.json: not JSON"),
        ("[]", "config.json: not JSON"),
        ('{"auths": {"reg.io": {"auth": "%"}}}', "auths: reg.io: auth is not base64"),
        ('{"auths": ["reg.io"]}', "config.json: auths: expected an object"),
        ('{"auths": {"reg.io": "x"}}', "config.json: reg.io: expected an object"),
    ],
)
def test_a_broken_config_is_named(home: Path, config: str, said: str) -> None:
    (home / "config.json").write_text(config)

    with pytest.raises(UserError, match=said):
        find_credentials("reg.io")


def test_what_is_null_in_a_config_is_nothing(home: Path) -> None:
    for auths in (None, {"reg.io": None}):
        write_config(home, {"auths": auths, "credHelpers": None, "credsStore": ""})

        assert find_credentials("reg.io") is None


def test_without_a_login_one_is_told_to_log_in(home: Path) -> None:
    login = Login("reg.io", "reg.io")

    assert not login.answer('Basic realm="x"')
    assert str(login.refused()).endswith("config.json has none for it; type: docker login reg.io")


def test_a_login_without_the_right_is_told_from_a_wrong_one(home: Path) -> None:
    write_config(home, {"auths": {"reg.io": {"auth": encoded("ada:secret")}}})
    login = Login("reg.io", "reg.io")

    assert "does not take the login that" in str(login.refused(BEARER))
    assert "may not do this" in str(login.refused(f'{BEARER},error="insufficient_scope"'))
