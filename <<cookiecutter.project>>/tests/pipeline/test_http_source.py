"""A file behind a URL is fetched once and is the one that its digest names, or a line says why."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from pipeline import fetch as stage
from pipeline import http_source
from project.errors import UserError
from project.files import read_json
from project.loading import load
from project.settings.source import Source

from ..local_server import LocalHandler, LocalServer, running

TABLE = b"size,bought\n1,yes\n2,no\n"
SOURCE = Path(__file__).parents[2] / "conf/source/http.yaml"
DIGEST = hashlib.sha256(TABLE).hexdigest()


class Server:
    """A web server on loopback that answers with each of `answers` in turn, the last for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, int]] = [(200, TABLE, len(TABLE))]
        self.asked = 0
        outer = self

        class Handler(LocalHandler):
            protocol_version = "HTTP/1.0"  # an answer that is cut short ends with its connection

            def do_GET(self) -> None:  # noqa: N802
                status, body, length = outer.answers[min(outer.asked, len(outer.answers) - 1)]
                outer.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

        self.http = LocalServer(Handler)
        self.url = f"http://{self.http.host}/data/table.csv?v=1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve the table, and have tries follow one another at once."""
    monkeypatch.setattr(http_source, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    started = Server()
    with running(started.http):
        yield started


def settings(url: str, sha256: str = DIGEST) -> None:
    source = yaml.safe_load(SOURCE.read_text()) | {"url": url, "sha256": sha256}
    Path("params.yaml").write_text(yaml.safe_dump({"source": source}))


def test_it_is_fetched_once_for_each_digest(folder: Path, server: Server) -> None:
    settings(server.url)

    stage.main()
    stage.main()

    origin = read_json(folder / "data/raw/origin.json")
    assert (origin["source"], origin["url"], origin["rows"]) == ("http", server.url, 2)
    assert origin["sha256"] == DIGEST
    assert server.asked == 1


def test_a_kept_file_that_was_changed_is_fetched_again(folder: Path, server: Server) -> None:
    settings(server.url)
    kept = http_source.download(load("source", Source))
    kept.write_bytes(b"something else")

    assert http_source.download(load("source", Source)).read_bytes() == TABLE


def test_a_server_that_fails_for_a_moment_is_asked_again(folder: Path, server: Server) -> None:
    settings(server.url)
    server.answers[:0] = [(503, b"", 0), (429, b"", 0)]

    stage.main()

    assert server.asked == 3


@pytest.mark.parametrize(
    ("answer", "digest", "expected"),
    [
        ((404, b"", 0), DIGEST, "the server answers 404 Not Found; mend source.url"),
        ((503, b"", 0), DIGEST, "the server answers 503 Service Unavailable"),
        ((200, b"other", 5), DIGEST, f"source.sha256 says {DIGEST}; if this is the file to learn"),
        ((200, TABLE, len(TABLE)), "unknown", f"to learn from: source.sha256={DIGEST}"),
        ((200, TABLE, len(TABLE) + 9), DIGEST, "not fetched (IncompleteRead"),
    ],
    ids=["no such file", "a server that fails", "another file", "no digest yet", "half of it"],
)
def test_it_refuses(
    answer: tuple[int, bytes, int],
    digest: str,
    expected: str,
    server: Server,
    refusal: Callable[..., str],
) -> None:
    settings(server.url, digest)
    http_source.DOWNLOADS.mkdir(parents=True)
    (http_source.DOWNLOADS / digest).mkdir()
    server.answers = [answer]

    line = refusal(stage.main)

    assert f"{server.url}: " in line
    assert expected in line


def test_nobody_who_answers_is_one_line(
    folder: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_source, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings("http://127.0.0.1:1/table.csv")
    (http_source.DOWNLOADS / DIGEST).mkdir(parents=True)

    assert "http://127.0.0.1:1/table.csv: not fetched (Failed to establish" in refusal(stage.main)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://example.org/t.csv", "expected http://… or https://…"),
        ("https://ada:secret@example.org/t.csv", "put it into ~/.netrc"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, expected: str, folder: Path) -> None:
    settings(url)

    with pytest.raises(UserError, match=r"^conf/source/http.yaml: source.url: ") as refused:
        load("source", Source)

    assert expected in str(refused.value)
