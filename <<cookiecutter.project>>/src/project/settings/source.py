"""Where data comes from."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from project.settings.base import Strict


def _public(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected http://… or https://…")
    if parts.username is not None:
        raise ValueError("a password does not belong here; put it into ~/.netrc")
    return url


class BundledSource(Strict):
    """A data set inside scikit-learn's own wheel: no network."""

    kind: Literal["bundled"]
    name: Literal["wine", "iris", "breast_cancer", "digits", "diabetes"]
    path: str  # the file whose change makes fetch run again


class CsvForm(Strict):
    """How a CSV is written; a Parquet file says so itself."""

    delimiter: str = Field(min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    missing: list[str]


class FileSource(CsvForm):
    """A CSV or Parquet file."""

    kind: Literal["file"]
    path: str


class HttpSource(CsvForm):
    """A CSV or Parquet file behind a URL: its digest says which one, whatever the URL gives."""

    kind: Literal["http"]
    url: Annotated[str, AfterValidator(_public)]
    sha256: str = Field(pattern="^([0-9a-f]{64}|unknown)$")
    path: Literal["src/pipeline/http_source.py"]  # dvc.yaml wants a file that fetch depends on


Source = Annotated[BundledSource | FileSource | HttpSource, Field(discriminator="kind")]
