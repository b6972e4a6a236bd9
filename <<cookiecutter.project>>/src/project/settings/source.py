"""Where data comes from."""

from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from annotated_types import MaxLen, MinLen

from project.settings.group import Checked, Group, HiddenValueError, OneOf, matching


def _public(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected http://… or https://…")
    if parts.username is not None:
        raise HiddenValueError("a password does not belong here; put it into ~/.netrc")


def _database(url: str) -> None:
    parts = urlsplit(url)
    if not parts.scheme or "://" not in url:
        raise ValueError("expected postgresql+psycopg2://user@host/database, sqlite:///file.db")
    if parts.password is not None:
        raise HiddenValueError("a password does not belong here; put it into SOURCE_PASSWORD")


@dataclass(frozen=True, kw_only=True)
class BundledSource(Group):
    """A data set inside scikit-learn's own wheel: no network."""

    kind: Literal["bundled"]
    name: Literal["wine", "iris", "breast_cancer", "digits", "diabetes"]
    path: str  # the file whose change makes fetch run again


@dataclass(frozen=True, kw_only=True)
class CsvForm(Group):
    """How a CSV is written; a Parquet file says so itself."""

    delimiter: Annotated[str, MinLen(1), MaxLen(1)]
    decimal: Literal[".", ","] = "."
    missing: list[str]
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class FileSource(CsvForm):
    """A CSV or Parquet file."""

    kind: Literal["file"]
    path: str


@dataclass(frozen=True, kw_only=True)
class HttpSource(CsvForm):
    """A CSV or Parquet file behind a URL: its digest says which one, whatever the URL gives."""

    kind: Literal["http"]
    url: Annotated[str, Checked(_public)]
    sha256: Annotated[str, matching("[0-9a-f]{64}|unknown")]
    path: Literal["src/pipeline/http_source.py"]  # dvc.yaml wants a file that fetch depends on


@dataclass(frozen=True, kw_only=True)
class SqlSource(Group):
    """A database's answer to the query in `path`: its digest says which one, whatever comes."""

    kind: Literal["sql"]
    url: Annotated[str, Checked(_database)]
    path: str
    sha256: Annotated[str, matching("[0-9a-f]{64}|unknown")]


Source = Annotated[BundledSource | FileSource | HttpSource | SqlSource, OneOf("kind")]
