"""skops is imported without its list of all estimators, and nothing else notices."""

import importlib
from pathlib import Path
from typing import NoReturn

import pytest
import sklearn.utils
from sklearn.linear_model import ElasticNet

from pipeline.skops_archive import read_archive, write_archive

EVERY = sklearn.utils.all_estimators


def test_scikit_learn_is_as_it_was_after_an_archive_is_written_and_read(folder: Path) -> None:
    write_archive(ElasticNet(alpha=0.5), Path("model.skops"))

    assert read_archive(Path("model.skops")).alpha == 0.5
    assert sklearn.utils.all_estimators is EVERY


def test_it_is_so_too_where_the_import_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> NoReturn:
        raise ImportError

    monkeypatch.setattr(importlib, "import_module", fail)

    with pytest.raises(ImportError):
        write_archive(ElasticNet(), Path("model.skops"))
    assert sklearn.utils.all_estimators is EVERY
