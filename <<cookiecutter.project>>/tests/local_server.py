"""A server on loopback in a thread, as long as a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class LocalHandler(BaseHTTPRequestHandler):
    """Answers at once: a small answer does not wait for the acknowledgement of its header."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class LocalServer(ThreadingHTTPServer):
    """Listens on a free port."""

    daemon_threads = True

    def __init__(self, handler: type[LocalHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def running(server: LocalServer) -> Iterator[None]:
    """Run it until the block ends; one that was shut down within the block may be."""
    with server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()
