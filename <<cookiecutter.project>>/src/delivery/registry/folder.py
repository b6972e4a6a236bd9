"""A registry that is a folder here: one OCI image layout for each repository.

Blobs come before the index that lists them, and the index is replaced as a whole by one process at
a time. So a kill leaves blobs that nothing points to, and never the other way round.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from delivery.registry.interface import Sent, blobs_of, descriptor_of, parse_manifest
from project.errors import UserError
from project.oci import (
    MANIFEST_TYPE,
    REF_NAME,
    Descriptor,
    blob_path,
    copy_blob,
    create_layout,
    digest_of,
    read_index,
    write_blob,
    write_index,
)

CHUNK = 2**20


class Folder:
    """A repository as a folder."""

    def __init__(self, layout: Path) -> None:
        self._layout = layout

    @property
    def where(self) -> str:
        """The folder's path."""
        return str(self._layout)

    def resolve(self, tag: str) -> str | None:
        """Look a tag up in the index."""
        tagged = [entry for entry in self._index() if entry.annotations.get(REF_NAME) == tag]
        return tagged[0].digest if tagged else None

    def has_manifest(self, digest: str) -> bool:
        """Look for the manifest and for each of its blobs."""
        content = self.manifest(digest)
        if content is None or digest_of(content) != digest:
            return False
        return not self._missing(content)

    def manifest(self, digest: str) -> bytes | None:
        """Read a manifest, which is a blob like others."""
        path = blob_path(self._layout, digest)
        return path.read_bytes() if path.exists() else None

    def send_manifest(self, content: bytes, tag: str | None = None) -> None:
        """Write a manifest and list it."""
        for blob in self._missing(content):
            raise UserError(f"{self.where}: a manifest lists blob {blob}, which is not here")
        found = self._write_manifest(content)
        with self._one_at_a_time():
            index = self._index()
            if tag is None and any(entry.digest == found.digest for entry in index):
                return
            if tag is not None:
                found = replace(found, annotations={REF_NAME: tag})
                index = [entry for entry in index if not _gives_way(entry, found)]
            write_index(self._layout, [*index, found])

    def has_blob(self, digest: str) -> bool:
        """Look for a blob."""
        return blob_path(self._layout, digest).exists()

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Read a blob."""
        path = blob_path(self._layout, digest)
        if not path.exists():
            raise UserError(f"{path}: no such blob; the registry is not whole")
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def send_blob(self, digest: str, file: Path, sent: Sent) -> None:
        """Copy a file."""
        self._create()
        copied = copy_blob(file, self._layout, "")
        if copied.digest != digest:
            raise UserError(f"{file}: was changed while it was sent")
        sent(copied.size)

    def referrers(self, digest: str) -> list[Descriptor]:
        """Read each listed manifest's subject."""
        found = []
        for entry in self._index():
            content = self.manifest(entry.digest) if entry.media_type == MANIFEST_TYPE else None
            subject = parse_manifest(content, self.where).get("subject") if content else None
            if subject and subject.get("digest") == digest and self.has_manifest(entry.digest):
                found.append(entry)
        return found

    def attach(self, digest: str, manifests: list[bytes]) -> None:
        """Write manifests and list them."""
        for content in manifests:
            self.send_manifest(content)

    def _create(self) -> None:
        if not (self._layout / "index.json").exists():
            with self._one_at_a_time():
                if not (self._layout / "index.json").exists():
                    create_layout(self._layout)

    def _index(self) -> list[Descriptor]:
        return read_index(self._layout) if (self._layout / "index.json").exists() else []

    def _write_manifest(self, content: bytes) -> Descriptor:
        self._create()
        found = descriptor_of(content)
        write_blob(self._layout, content, found.media_type)
        return found

    def _missing(self, content: bytes) -> list[str]:
        blobs = blobs_of(parse_manifest(content, self.where))
        return [blob.digest for blob in blobs if not self.has_blob(blob.digest)]

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        self._layout.parent.mkdir(parents=True, exist_ok=True)
        with (self._layout.parent / f".{self._layout.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _gives_way(entry: Descriptor, tagged: Descriptor) -> bool:
    """Tell whether an entry is what a tag pointed to, or the same manifest before it had a tag."""
    if entry.annotations.get(REF_NAME) == tagged.annotations[REF_NAME]:
        return True
    return entry.digest == tagged.digest and REF_NAME not in entry.annotations
