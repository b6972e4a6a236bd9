"""skops is imported without its list of all estimators, and nothing else notices."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest


@pytest.fixture
def archive() -> Any:
    """Import the module when a test asks for it: scikit-learn, two seconds, comes with it."""
    return importlib.import_module("pipeline.skops_archive")


@pytest.fixture
def unchanged(folder: Path) -> Iterator[None]:
    """See that scikit-learn lists its estimators afterwards as it did before."""
    import sklearn.utils

    every = sklearn.utils.all_estimators
    yield
    assert sklearn.utils.all_estimators is every


def test_scikit_learn_is_as_it_was_after_an_archive_is_written_and_read(
    unchanged: None, archive: Any
) -> None:
    from sklearn.linear_model import ElasticNet

    archive.write_archive(ElasticNet(alpha=0.5), Path("model.skops"))

    assert archive.read_archive(Path("model.skops")).alpha == 0.5


def test_it_is_so_too_where_the_import_fails(
    unchanged: None, archive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.linear_model import ElasticNet

    def fail(_: str) -> NoReturn:
        raise ImportError

    monkeypatch.setattr(importlib, "import_module", fail)

    with pytest.raises(ImportError):
        archive.write_archive(ElasticNet(), Path("model.skops"))
