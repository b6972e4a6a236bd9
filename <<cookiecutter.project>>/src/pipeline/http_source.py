"""A file behind a URL, fetched once for each digest."""

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from project.errors import UserError
from project.files import replacing, sha256
from project.settings.source import HttpSource

if TYPE_CHECKING:
    from requests import Session

DOWNLOADS = Path("build/downloads")
SECONDS = (10, 60)  # to connect, and between two parts of the answer
RETRIES = 3  # where the server or the way there fails for a moment
PAUSE_SECONDS = 0.5  # and twice as long before each further try
PASSING = (429, 500, 502, 503, 504)


def download(source: HttpSource) -> Path:
    """Return the file of this digest, from an earlier run or the URL.

    Raises `UserError` where the server does not give it, or gives another one.
    """
    kept = DOWNLOADS / source.sha256 / name_of(source.url)
    if kept.exists() and sha256(kept) == source.sha256:
        return kept
    with replacing(kept) as temporary:
        _fetch(source.url, temporary)
        found = sha256(temporary)
        if found != source.sha256:
            raise UserError(
                f"{source.url}: its sha256 is {found}, source.sha256 says {source.sha256}; if this "
                f"is the file to learn from: source.sha256={found}"
            )
    return kept


def name_of(url: str) -> str:
    """Return the name of a URL's file, whose ending says what it is."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or "index"


def _fetch(url: str, path: Path) -> None:
    from requests import RequestException

    try:
        with _session() as session, session.get(url, stream=True, timeout=SECONDS) as answer:
            if not answer.ok:
                raise UserError(
                    f"{url}: the server answers {answer.status_code} {answer.reason}; mend "
                    "source.url, or ask who keeps it"
                )
            with path.open("wb") as file:
                for chunk in answer.iter_content(1 << 20):
                    file.write(chunk)
    except RequestException as error:
        raise UserError(f"{url}: not fetched ({_reason(error)}); try again") from None


def _session() -> "Session":
    from requests import Session
    from requests.adapters import HTTPAdapter, Retry

    retry = Retry(
        RETRIES, backoff_factor=PAUSE_SECONDS, status_forcelist=PASSING, raise_on_status=False
    )
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _reason(error: Exception) -> str:
    """Return the innermost reason: the outer ones repeat the URL."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    text = str(getattr(error, "reason", None) or error)
    return re.sub(r"^\w+\(host=.*?\): ", "", text)[:200]
