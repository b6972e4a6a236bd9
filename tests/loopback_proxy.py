"""A proxy on this machine that counts what a client sends, and can break what passes through."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CHUNK = 4096


class Proxy:
    """Connections to `target`, and the bytes that clients have sent over them."""

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._at: tuple[int, Callable[[], object]] | None = None
        self.sent = 0
        self.connections = 0

    @property
    def host(self) -> str:
        """Where the proxy listens."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def call_at(self, sent: int, action: Callable[[], object]) -> None:
        """Do something once, when clients have sent so many more bytes; the connection is cut."""
        with self._lock:
            self._at = (self.sent + sent, action)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _relay(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
            back.start()
            with suppress(OSError):  # whichever side goes, the other thread ends before they close
                while (chunk := client.recv(CHUNK)) and not self._is_cut(len(chunk)):
                    server.sendall(chunk)
            for side in (client, server):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, size: int) -> bool:
        with self._lock:
            self.sent += size
            if self._at is None or self.sent < self._at[0]:
                return False
            action, self._at = self._at[1], None
        action()
        return True


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    made = Proxy(target)
    threading.Thread(target=made.serve, daemon=True).start()
    try:
        yield made
    finally:
        made.close()
