"""Packages in the registry by digest and by tag, for whoever delivers them."""

from delivery.package import Package
from delivery.pull import pull_package
from delivery.registry.choice import open_registry
from delivery.registry.interface import checked_tag, fetch_manifest
from project.oci import checked_digest


def resolve(tag: str) -> str | None:
    """Return the digest of the package that a tag points to, or None."""
    return open_registry().resolve(checked_tag(tag))


def exists(digest: str) -> bool:
    """Tell whether the registry has a package."""
    return open_registry().has_manifest(checked_digest(digest))


def fetch(digest: str) -> Package:
    """Return a package from the registry, verified; see `delivery.pull`."""
    return pull_package(open_registry(), digest)


def tag(digest: str, name: str) -> None:
    """Let a tag point to a package; `UserError` where the registry has no such package."""
    registry = open_registry()
    registry.send_manifest(fetch_manifest(registry, checked_digest(digest)), checked_tag(name))
