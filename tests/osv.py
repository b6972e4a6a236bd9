"""A service of known vulnerabilities on this machine: pip-audit asks it in OSV's words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

KNOWN = {
    "id": "PYSEC-2026-1",
    "summary": "Planted",
    "details": "Planted by a test",
    "published": "2026-01-01T00:00:00Z",
}


@contextmanager
def osv(vulnerable: str = "") -> Iterator[str]:
    """Answer that one package is vulnerable in every version, or none; yield the URL to ask."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
            known = [known_of(asked)] if asked["name"] == vulnerable else []
            body = json.dumps({"vulns": known}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def known_of(package: dict[str, str]) -> dict[str, Any]:
    """Say of all versions of a package that they are vulnerable."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9999"}]}]
    return KNOWN | {"affected": [{"package": package, "ranges": ranges}]}
