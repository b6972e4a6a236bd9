"""Data that lies elsewhere: in another git repository, by DVC, and behind a URL, by its digest."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import commit_all, git, run
from tests.projects import dvc

TABLE = "alcohol;quality\n9.4;5\n9.8;6\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a table in it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/wines.csv").write_text(TABLE)
    return tmp_path / "elsewhere"


@pytest.fixture
def url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the folder on loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/wines.csv"
        server.shutdown()


def test_a_table_in_another_repository_is_imported_by_dvc(
    generated: Callable[..., Path], folder: Path
) -> None:
    project = generated()
    git(folder, "init", "--quiet")
    commit = commit_all(folder, "Wines")
    (project / "inputs").mkdir()
    path = "inputs/winequality-red.csv"

    done = dvc(project, "import", str(folder), "wines.csv", "--out", path)

    assert done.returncode == 0, done.stderr
    assert commit in (project / f"{path}.dvc").read_text()
    assert fetched(project, "experiment=wine_quality")["path"] == path


def test_a_table_behind_a_url_is_the_one_that_its_digest_names(
    generated: Callable[..., Path], folder: Path, url: str
) -> None:
    project = generated()
    digest = sha256(TABLE.encode()).hexdigest()
    settings = ["source=http", f"source.url={url}", 'source.delimiter=";"']

    assert fetched(project, *settings, f"source.sha256={digest}")["url"] == url

    (folder / "wines.csv").write_text(TABLE + "10.1;7\n")
    newer = sha256((folder / "wines.csv").read_bytes()).hexdigest()
    compose(project, *settings, "source.sha256=unknown")
    refused = dvc(project, "repro", "fetch")
    assert f"error: {url}: its sha256 is {newer}, source.sha256 says unknown" in refused.stderr
    assert fetched(project, *settings, f"source.sha256={newer}")["rows"] == 3


def fetched(project: Path, *overrides: str) -> dict[str, Any]:
    """Compose, run the stages up to fetch, and return where the data came from."""
    compose(project, *overrides)
    done = dvc(project, "repro", "fetch")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads((project / "data/raw/origin.json").read_text()))


def compose(project: Path, *overrides: str) -> None:
    done = run(["bin/python", "-m", "project.params", *overrides], project)
    assert done.returncode == 0, done.stderr
