"""Answering a registry that asks who one is: with Basic, or with a token bought for Bearer.

https://distribution.github.io/distribution/spec/auth/token/ and .../oauth/ say how tokens are
bought. Tokens run out, so the question may come again.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from delivery.registry.credentials import Credentials, config_path, find_credentials
from project.errors import UserError

CLIENT = "slipway"
SECONDS = (5, 30)  # to connect, and to answer


@dataclass(frozen=True)
class Challenge:
    """One way in which a registry would like to be answered."""

    scheme: str
    parameters: dict[str, str]


class Login(AuthBase):
    """What is sent to one host, and to no other, so that it knows who one is."""

    def __init__(self, host: str, netloc: str) -> None:
        """Log in to the registry `host`, which is reached at `netloc`."""
        self._host = host
        self._netloc = netloc
        self._header: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header. An upload may go to another host, which must not see it."""
        if self._header and urlsplit(str(request.url)).netloc == self._netloc:
            request.headers["Authorization"] = self._header
        return request

    def answer(self, asked: str) -> bool:
        """Prepare the answer to a WWW-Authenticate header; False where there is no new one."""
        credentials = find_credentials(self._host)
        before = self._header
        for challenge in parse_challenges(asked):
            if challenge.scheme == "bearer":
                self._header = f"Bearer {self._token(challenge.parameters, credentials)}"
                return True
            if challenge.scheme == "basic" and credentials:
                pair = f"{credentials.user}:{credentials.password}".encode()
                self._header = f"Basic {b64encode(pair).decode()}"
                return self._header != before
        return False

    def refused(self, asked: str = "") -> UserError:
        """Return the error that says whose login was not good enough, and what to do."""
        path, again = config_path(), f"type: docker login {self._host}"
        if not find_credentials(self._host):
            return UserError(f"{self._host}: wants a login, and {path} has none for it; {again}")
        if "insufficient_scope" in asked:
            return UserError(
                f"{self._host}: the login that {path} has for it may not do this; "
                f"ask for the right to, or {again} as another"
            )
        return UserError(f"{self._host}: does not take the login that {path} has for it; {again}")

    def _token(self, parameters: dict[str, str], credentials: Credentials | None) -> str:
        realm = parameters.get("realm", "")
        if not is_safe(realm):
            raise UserError(f"{self._host}: sends one to {realm!r} for a token, not to https")
        wanted = {key: value for key, value in parameters.items() if key in ("service", "scope")}
        response = _ask(self._host, realm, wanted, credentials)
        if response.status_code in (401, 403):
            raise self.refused()
        try:
            response.raise_for_status()
            said = response.json()
            return str(said.get("token") or said["access_token"])
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f"{self._host}: {realm} gives no token (status {response.status_code})"
            ) from None


def _ask(
    host: str, realm: str, wanted: dict[str, str], credentials: Credentials | None
) -> requests.Response:
    options: dict[str, Any] = {"timeout": SECONDS, "auth": _anonymous}
    try:
        if credentials and credentials.identity_token:
            form = {"grant_type": "refresh_token", "client_id": CLIENT}
            form["refresh_token"] = credentials.identity_token
            return requests.post(realm, data=form | wanted, **options)
        if credentials:
            options["auth"] = (credentials.user, credentials.password)
        return requests.get(realm, params=wanted, **options)
    except requests.RequestException as error:
        raise UserError(f"{host}: {realm} does not answer: {reason(error)}") from None


def parse_challenges(header: str) -> list[Challenge]:
    """Read a WWW-Authenticate header, which may hold several challenges, Bearer's first."""
    parts = re.split(r"(?i)(?:^|,)\s*(bearer|basic)\s+", f",{header}")
    found = [
        Challenge(scheme.lower(), dict(re.findall(r'(\w+)="([^"]*)"', parameters)))
        for scheme, parameters in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return sorted(found, key=lambda challenge: challenge.scheme, reverse=True)


def is_safe(url: str) -> bool:
    """Tell whether a password may be sent there: by https, or within this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc))


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def reason(error: requests.RequestException) -> str:
    """Say in a few words why there was no answer: the system's word, which is wrapped in others."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)[-200:]


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send nothing: without this, requests would look into ~/.netrc."""
    return request
