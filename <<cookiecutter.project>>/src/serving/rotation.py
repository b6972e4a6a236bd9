"""Files of lines that end by size or age, named so that their order is that of their time.

No two processes write the same file. A write is whole lines; after one that failed, a new file is
begun, so that only the last line of a file can be unfinished, and readers may skip it.
"""

import os
import secrets
import time
from pathlib import Path

#: Between two syncs to disk: as much a power cut can lose.
SYNC_SECONDS = 5.0
ENDING = ".jsonl"


class RotatingFile:
    """Lines in `folder`: files of up to `max_bytes` and `max_seconds`, the newest `max_files`."""

    def __init__(self, folder: Path, max_bytes: int, max_seconds: float, max_files: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._max_files = max_files
        self._process = secrets.token_hex(4)  # ids of processes are the same in every container
        self._number = 0
        self._descriptor: int | None = None
        self._size = 0
        self._begun = self._synced = time.monotonic()

    def write(self, lines: bytes) -> None:
        """Write whole lines; `OSError` where they are not all written."""
        if self._descriptor is None or self._size + len(lines) > self._max_bytes:
            self.close()
            self._descriptor = self._open()
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.close()
            raise
        self._size += len(lines)

    def keep(self) -> None:
        """Sync to disk where it is time; end a file that is too old."""
        now = time.monotonic()
        if self._descriptor is None:
            return
        if now - self._begun > self._max_seconds:
            self.close()
        elif now - self._synced > SYNC_SECONDS:
            self._synced = now
            os.fsync(self._descriptor)

    def close(self) -> None:
        """End the file, if there is one."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_oldest()
        self._number += 1
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self._folder / f"{moment}-{self._process}-{self._number:06}{ENDING}"
        self._begun, self._size = time.monotonic(), 0
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o640)

    def _remove_oldest(self) -> None:
        files = sorted(self._folder.glob(f"*{ENDING}"))
        for path in files[: len(files) - self._max_files + 1]:
            path.unlink(missing_ok=True)
