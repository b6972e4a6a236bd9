"""A proxy that sends each connection to a server which says that it is ready, as a cluster does."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PROBE_SECONDS = 0.1


class Balancer:
    """Listens on loopback; `servers` are `host:port`, and may change."""

    def __init__(self, *servers: str) -> None:
        self.servers = list(servers)
        self._ready: list[str] = []
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.taken: dict[str, int] = {}

    def run(self) -> None:
        """Probe the servers and take connections until closed."""
        threading.Thread(target=self._probe, daemon=True).start()
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._ended.set()
        self._listener.close()

    def wait_until_ready(self) -> None:
        """Return once there is a server to send requests to."""
        while not self._ready:
            time.sleep(0.01)

    def _probe(self) -> None:
        while not self._ended.wait(PROBE_SECONDS):
            self._ready = [server for server in self.servers if is_ready(server)]

    def _relay(self, client: socket.socket) -> None:
        with client:
            server = self._ready[-1]
            host, _, port = server.partition(":")
            with socket.create_connection((host, int(port))) as upstream:
                self.taken[server] = self.taken.get(server, 0) + 1
                back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
                back.start()
                copy(client, upstream)
                back.join()


def is_ready(server: str) -> bool:
    """Ask a server's /readyz."""
    connection = http.client.HTTPConnection(server, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until no more does."""
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def balancing(*servers: str) -> Iterator[Balancer]:
    """Run a balancer for as long as the block lasts."""
    balancer = Balancer(*servers)
    threading.Thread(target=balancer.run, daemon=True).start()
    balancer.wait_until_ready()
    yield balancer
    balancer.close()
