"""Sending one blob in one piece: an upload is opened, and the whole file is put into it."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlencode, urljoin, urlsplit

from delivery.registry.interface import Sent
from delivery.registry.session import Session, TransientError

CHUNK = 2**18


def send_file(session: Session, uploads: str, digest: str, file: Path, sent: Sent) -> None:
    """Try once to store a file as a blob; `uploads` is the path that opens one."""
    opened = session.once("POST", uploads)
    if opened.status_code != 202 or "Location" not in opened.headers:
        raise session.refuse(opened, "opening an upload")
    location = urljoin(f"{session.base}/", opened.headers["Location"])
    separator = "&" if urlsplit(location).query else "?"
    url = f"{location}{separator}{urlencode({'digest': digest})}"
    with file.open("rb") as stream:
        body = Counted(stream, file.stat().st_size, sent)
        kind = {"Content-Type": "application/octet-stream"}
        try:
            response = session.once("PUT", url, body=body.rewound, headers=kind)
        except TransientError:
            body.rewound()
            raise
    if response.status_code == 404:  # the upload was forgotten, as when a registry restarts
        raise TransientError("lost an upload")
    if response.status_code != 201:
        raise session.refuse(response, f"sending blob {digest}")


class Counted:
    """A file that tells how much of it was read: requests asks for its length, and reads."""

    def __init__(self, stream: IO[bytes], size: int, sent: Sent) -> None:
        self._stream = stream
        self._size = size
        self._sent = sent

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        """Read, and tell how much."""
        chunk = self._stream.read(size)
        self._sent(len(chunk))
        return chunk

    def rewound(self) -> "Counted":
        """Begin again; what was sent is sent no longer."""
        self._sent(-self._stream.tell())
        self._stream.seek(0)
        return self
