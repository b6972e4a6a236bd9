"""Requests to one registry: with its login, and again where the network or the server failed."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from delivery.registry.login import Login, is_loopback, reason
from project.errors import UserError

T = TypeVar("T")

#: To connect, which is also for the next bytes to go where a connection is new; and for the next
#: bytes to come: a large blob is hashed before the answer.
SECONDS = (30, 300)
WAITS = (0.5, 1.0, 2.0)  # seconds before another attempt
HTTP_HOSTS = {"docker.io": "registry-1.docker.io"}


class TransientError(Exception):
    """What may go better at another attempt: a connection lost, a server overloaded."""


class Session:
    """A registry's host, spoken to by https, or by http within this machine."""

    def __init__(self, host: str, where: str) -> None:
        """Speak to `host`; `where` is the repository that errors name."""
        netloc = HTTP_HOSTS.get(host, host)
        self.base = f"{'http' if is_loopback(host) else 'https'}://{netloc}"
        self.where = where
        self._login = Login(host, netloc)
        self._http = requests.Session()
        self._http.auth = self._login
        self._http.headers["Accept-Encoding"] = "identity"  # digests are of the bytes as they are
        # A proxy is for other machines.
        self._http.trust_env = not is_loopback(host)
        self._answered = False

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request whose body, if any, are bytes; return the answer, whatever its status."""
        return self.again(lambda: self.once(method, url, **options))

    def again(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt does, after a few more where it ends with `TransientError`."""
        tried = 0
        while True:
            try:
                return attempt()
            except TransientError as failure:
                self.pause(tried, failure)
            tried += 1

    def pause(self, tried: int, failure: TransientError) -> None:
        """Wait before another attempt; `UserError` where that is not worth it."""
        if tried == len(WAITS) or not self._answered:
            times = f", {tried + 1} times" if tried else ""
            raise UserError(f"{self.where}: {failure}{times}") from None
        time.sleep(WAITS[tried])

    def once(
        self, method: str, url: str, body: Callable[[], Any] = lambda: None, **options: Any
    ) -> requests.Response:
        """Send a request, with the login that is asked for; `body` is called for each attempt."""
        response = self._send(method, url, body(), **options)
        if response.status_code == 401:
            if self._login.answer(response.headers.get("WWW-Authenticate", "")):
                response = self._send(method, url, body(), **options)
            if response.status_code == 401:
                raise self._login.refused(response.headers.get("WWW-Authenticate", ""))
        if response.status_code == 429 or response.status_code >= 500:
            raise TransientError(f"answers {response.status_code} {response.reason}")
        return response

    def refuse(self, response: requests.Response, doing: str) -> UserError:
        """Return the error that an unexpected answer is."""
        try:
            first = response.json()["errors"][0]
            why = f"{first['code']} {first.get('message', '')}".strip()
        except (ValueError, KeyError, IndexError, TypeError):
            why = response.reason
        status = response.status_code
        if status == 403:
            return UserError(f"{self.where}: this login may not do that: {doing} ({why})")
        return UserError(f"{self.where}: {doing}: answers {status} {why}")

    def _send(self, method: str, url: str, body: Any, **options: Any) -> requests.Response:
        absolute = url if "://" in url else f"{self.base}{url}"
        try:
            response = self._http.request(method, absolute, data=body, timeout=SECONDS, **options)
        except requests.exceptions.SSLError as error:
            raise UserError(f"{self.where}: {reason(error)}") from None
        except requests.exceptions.ChunkedEncodingError:
            raise TransientError("the connection broke in an answer") from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise TransientError(f"does not answer: {reason(error)}") from None
        except requests.RequestException as error:
            raise UserError(f"{self.where}: {reason(error)}") from None
        self._answered = True
        return response
