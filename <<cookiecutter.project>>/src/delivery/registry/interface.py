"""What can be asked of a registry, and what of its answers is checked whichever it is."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from project.errors import UserError
from project.files import replacing
from project.oci import MANIFEST_TYPE, Descriptor, digest_of

#: Is told how many more bytes of a blob have gone.
Sent = Callable[[int], None]

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
LARGEST_MANIFEST = 4 * 2**20  # bytes; what the distribution-spec asks registries to take at least


class Registry(Protocol):
    """One repository of a registry: the packages of one project.

    Each method raises `UserError` in one line where the registry is not there, wants another login
    or answers nonsense.
    """

    @property
    def where(self) -> str:
        """The repository's name for people: ghcr.io/team/wine-model, registry/wine-model."""

    def resolve(self, tag: str) -> str | None:
        """Return the digest of the manifest that a tag points to."""

    def has_manifest(self, digest: str) -> bool:
        """Tell whether a manifest is there, with all that it lists."""

    def manifest(self, digest: str) -> bytes | None:
        """Return a manifest as it says it is; `fetch_manifest` checks it."""

    def send_manifest(self, content: bytes, tag: str | None = None) -> None:
        """Store a manifest, whose blobs must be there, under its digest, or under a tag too."""

    def has_blob(self, digest: str) -> bool:
        """Tell whether a blob is there."""

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Read a blob piece by piece; `fetch_blob` checks it."""

    def send_blob(self, digest: str, file: Path, sent: Sent) -> None:
        """Store a file as a blob, without holding it in memory."""

    def referrers(self, digest: str) -> list[Descriptor]:
        """List the manifests that have this one for their subject, the oldest first if known."""

    def attach(self, digest: str, manifests: list[bytes]) -> None:
        """Store manifests that have this one for their subject."""


def fetch_manifest(registry: Registry, digest: str) -> bytes:
    """Return a manifest that has the digest by which it was asked for."""
    content = registry.manifest(digest)
    if content is None:
        raise UserError(f"{registry.where}: has no package {digest}")
    if digest_of(content) != digest:
        raise UserError(f"{registry.where}: answers another manifest for {digest}")
    parse_manifest(content, registry.where)
    return content


def fetch_blob(registry: Registry, digest: str, target: Path, got: Sent = lambda _: None) -> None:
    """Write a blob to a file, which is there only if all of it came and has its digest."""
    hasher = hashlib.sha256()
    with replacing(target) as temporary, temporary.open("wb") as file:
        for chunk in registry.chunks(digest):
            hasher.update(chunk)
            file.write(chunk)
            got(len(chunk))
        file.flush()
        if f"sha256:{hasher.hexdigest()}" != digest:
            raise UserError(f"{registry.where}: answers other bytes than those of blob {digest}")


def parse_manifest(content: bytes, where: str) -> dict[str, Any]:
    """Read an image manifest; `UserError` where it is none."""
    try:
        found = json.loads(content)
        blobs_of(found)
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{where}: expected an OCI image manifest") from None
    return dict(found)


def blobs_of(manifest: dict[str, Any]) -> list[Descriptor]:
    """List the config and the layers of a manifest."""
    return [Descriptor.from_json(entry) for entry in (manifest["config"], *manifest["layers"])]


def descriptor_of(content: bytes) -> Descriptor:
    """Describe a manifest, as an index that lists it does."""
    manifest = json.loads(content)
    media_type = manifest.get("mediaType", MANIFEST_TYPE)
    kind = manifest.get("artifactType")
    return Descriptor(media_type, digest_of(content), len(content), artifact_type=kind)


def checked_tag(tag: str) -> str:
    """Return a tag that a registry takes, or raise `UserError`."""
    if not TAG.fullmatch(tag):
        raise UserError(f"{tag[:40]!r}: a tag has up to 128 letters, digits and . _ -")
    return tag
