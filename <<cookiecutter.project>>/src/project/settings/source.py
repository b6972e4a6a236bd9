"""Where data comes from."""

from typing import Annotated, Literal

from pydantic import Field

from project.settings.base import Strict


class BundledSource(Strict):
    """A data set inside scikit-learn's own wheel: no network."""

    kind: Literal["bundled"]
    name: Literal["wine", "iris", "breast_cancer", "digits", "diabetes"]
    path: str  # the file whose change makes fetch run again


class FileSource(Strict):
    """A CSV or Parquet file; what follows `path` is for CSV."""

    kind: Literal["file"]
    path: str
    delimiter: str = Field(min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    missing: list[str]


Source = Annotated[BundledSource | FileSource, Field(discriminator="kind")]
