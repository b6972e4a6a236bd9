"""Logins as `docker login` keeps them: ~/.docker/config.json, or a helper that it names.

https://docs.docker.com/reference/cli/docker/login/#credential-helpers says how helpers are asked.
"""

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project.errors import UserError

#: Under which name `docker login` keeps the login of Docker Hub.
DOCKER_HUB = {"docker.io": "https://index.docker.io/v1/"}
#: What a helper gives for a user's name where the secret is a token to be exchanged.
TOKEN_USER = "<token>"
HELPER_SECONDS = 30


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or a token that buys others."""

    user: str
    password: str = ""
    identity_token: str = ""


def config_path() -> Path:
    """Return where `docker login` writes: in DOCKER_CONFIG, where that is set."""
    folder = os.environ.get("DOCKER_CONFIG")
    return Path(folder or Path.home() / ".docker") / "config.json"


def find_credentials(host: str) -> Credentials | None:
    """Return the login for a registry, if there is one."""
    config = _read_config()
    server = DOCKER_HUB.get(host, host)
    helper = _object(config, "credHelpers").get(server) or config.get("credsStore")
    program = shutil.which(f"docker-credential-{helper}") if helper else None
    if program and (found := _ask(program, server)):
        return found
    auths = _object(config, "auths")
    for name in auths:
        if name == server or _host_of(name) == host:
            return _from_entry(_object(auths, name), name)
    return None


def _read_config() -> dict[str, Any]:
    path = config_path()
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UserError(f"{path}: not JSON; mend it, or type: docker login") from None
    return config


def _object(within: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object of the file; null is an empty one."""
    found = within.get(name) or {}
    if not isinstance(found, dict):
        raise UserError(f"{config_path()}: {name}: expected an object; mend it, or log in again")
    return found


def _ask(program: str, server: str) -> Credentials | None:
    """Ask a helper; it fails where it knows no login for this server."""
    try:
        done = subprocess.run(
            [program, "get"], input=server, capture_output=True, text=True, timeout=HELPER_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{program}: gave no login within {HELPER_SECONDS} seconds") from None
    if done.returncode:
        return None
    try:
        said = json.loads(done.stdout)
        user, secret = str(said["Username"]), str(said["Secret"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{program}: answers no login for {server}, but something else") from None
    if user == TOKEN_USER:
        return Credentials(user, identity_token=secret)
    return Credentials(user, secret)


def _from_entry(entry: dict[str, str], name: str) -> Credentials | None:
    """Read an entry of `auths`; an empty one says that a helper had the login."""
    user, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        try:
            pair = base64.b64decode(entry["auth"], validate=True).decode()
        except ValueError:
            raise UserError(f"{config_path()}: auths: {name}: auth is not base64") from None
        user, _, password = pair.partition(":")
    token = entry.get("identitytoken", "")
    return Credentials(user, password, token) if password or token else None


def _host_of(name: str) -> str:
    """Return the host of an entry that may be a URL, as old versions wrote it."""
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0]
