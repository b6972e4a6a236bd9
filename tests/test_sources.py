"""Data that lies elsewhere: in another repository, behind a URL, and what a database answers."""

import json
import re
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
from tests.tracking_server import driver, postgres

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


def test_what_a_database_answers_is_what_its_digest_names(
    generated: Callable[..., Path],
) -> None:
    project = generated()
    for part in driver(project).iterdir():  # as a project that names it in its requirements has it
        (project / "src" / part.name).symlink_to(part)
    (project / "query.sql").write_text(
        "SELECT n AS size, n % 2 = 0 AS even, (n * 1.5)::numeric AS price, NULL AS gone, "
        "'10:' || n AS label FROM generate_series(1, 20000) AS n ORDER BY n"
    )
    with postgres() as database:
        settings = ["source=sql", f"source.url={database}", "source.path=query.sql"]
        compose(project, *settings, "source.sha256=unknown")
        refused = dvc(project, "repro", "fetch")
        found = re.search(r"error: query.sql: .* source.sha256=([0-9a-f]{64})", refused.stderr)
        assert found, refused.stderr
        fetched(project, *settings, f"source.sha256={found[1]}")
    # It is kept, so the database need not be there for it again.
    (project / "data/raw/dataset.parquet").unlink()
    origin = fetched(project, *settings, f"source.sha256={found[1]}")

    assert (origin["source"], origin["rows"], origin["path"]) == ("sql", 20_000, "query.sql")


def fetched(project: Path, *overrides: str) -> dict[str, Any]:
    """Compose, run the stages up to fetch, and return where the data came from."""
    compose(project, *overrides)
    done = dvc(project, "repro", "fetch")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads((project / "data/raw/origin.json").read_text()))


def compose(project: Path, *overrides: str) -> None:
    done = run(["bin/python", "-m", "project.params", *overrides], project)
    assert done.returncode == 0, done.stderr
