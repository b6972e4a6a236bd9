"""Who is told on a laptop: a web server that hears Alertmanager, and shows the last drift check."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

METRICS = "/drift"


class Loopback:
    """What was heard: by receiver, the names of the alerts. metrics: the drift check's text."""

    def __init__(self, metrics: Path) -> None:
        self.metrics = metrics
        self.told: dict[str, set[str]] = defaultdict(set)
        self.address = ""

    def hear(self, receiver: str, body: bytes) -> None:
        """Take one of Alertmanager's messages."""
        for alert in json.loads(body)["alerts"]:
            self.told[receiver].add(alert["labels"]["alertname"])

    def shown(self) -> bytes:
        """Return the metrics of the last drift check; nothing where there was none yet."""
        return self.metrics.read_bytes() if self.metrics.exists() else b""


@contextmanager
def listening(metrics: Path) -> Iterator[Loopback]:
    """Listen on a free port of loopback for as long as the block lasts."""
    loopback = Loopback(metrics)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, loopback.shown()) if self.path == METRICS else self._answer(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            loopback.hear(self.path.strip("/"), body)
            self._answer(200)

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Keep the terminal for the summary."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    loopback.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
