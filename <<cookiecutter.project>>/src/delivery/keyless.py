"""A signature without a key of ours: `make keyless`, and `make verify-keyless DIGEST=…`.

In a workflow, cosign signs by the identity of the workflow itself, which GitHub vouches for (OIDC),
and notes it in a public log. It signs a list of the same files that `make sign` signs, in the form
of sha256sum; list and bundle go to the registry, attached to the package.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from delivery import asked, packages
from delivery.contents import referrer
from delivery.package import Package
from delivery.registry.choice import open_registry
from delivery.registry.interface import (
    Registry,
    blobs_of,
    fetch_blob,
    fetch_manifest,
    parse_manifest,
)
from delivery.signature import signed_files
from delivery.verify import verify_package
from project.artefacts import SIGNATURE
from project.errors import UserError, one_line
from project.oci import EMPTY, Descriptor, file_digest

KEYLESS_TYPE = "application/vnd.slipway.keyless.v1"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ISSUER = "https://token.actions.githubusercontent.com"
#: What deliver.yml builds: on another branch anybody who may push could have changed it.
REFS = r"(heads/(main|develop)|tags/v.*)"
LIST, BUNDLE = "SHA256SUMS", "SHA256SUMS.sigstore.json"
TITLE = "org.opencontainers.image.title"


def listed_files(package: Package) -> bytes:
    """List the files that `make sign` has signed, as sha256sum does."""
    signed = signed_files((package.folder / SIGNATURE.name).read_bytes())
    lines = [f"{digest.partition(':')[2]}  {name}\n" for name, digest in sorted(signed.items())]
    return "".join(lines).encode()


def sign(package: Package, registry: Registry) -> None:
    """Have cosign sign the list, and attach both to the package in the registry."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / LIST).write_bytes(listed_files(package))
        cosign("sign-blob", "--yes", "--bundle", str(folder / BUNDLE), str(folder / LIST))
        (folder / "empty.json").write_bytes(EMPTY)
        files = {LIST: "text/plain", BUNDLE: BUNDLE_TYPE}
        layers = [_described(folder / name, kind) for name, kind in files.items()]
        for path in (folder / "empty.json", *(folder / name for name in files)):
            registry.send_blob(file_digest(path), path, lambda _: None)
    registry.attach(package.digest, [referrer(package.image, KEYLESS_TYPE, layers)])


def verify(package: Package, registry: Registry, identity: str) -> None:
    """Raise `UserError` unless a workflow whose identity matches has signed these very files."""
    expected, refusals = listed_files(package), []
    for found in registry.referrers(package.digest):
        if found.artifact_type != KEYLESS_TYPE:
            continue
        carrier = parse_manifest(fetch_manifest(registry, found.digest), registry.where)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            for layer in blobs_of(carrier)[1:]:
                name = BUNDLE if layer.media_type == BUNDLE_TYPE else LIST
                fetch_blob(registry, layer.digest, folder / name)
            if (folder / LIST).read_bytes() != expected:
                refusals.append("a keyless signature is of other files")
                continue
            who = ("--certificate-identity-regexp", identity, "--certificate-oidc-issuer", ISSUER)
            try:
                cosign("verify-blob", "--bundle", str(folder / BUNDLE), *who, str(folder / LIST))
            except UserError as error:
                refusals.append(str(error))
                continue
        return
    why = refusals[0] if refusals else "no workflow has signed it"
    raise UserError(f"{registry.where}: {package.digest}: {why}")


def cosign(*arguments: str) -> None:
    """Run cosign; `UserError` where it is not installed or fails."""
    if not shutil.which("cosign"):
        raise UserError("cosign: not installed; see https://docs.sigstore.dev/cosign")
    done = subprocess.run(["cosign", *arguments], capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UserError(f"cosign {arguments[0]}: {said[-1]}")


def expected_identity() -> str:
    """Return the pattern of the workflow that may sign: IDENTITY, else this repository's own."""
    if named := asked.given("IDENTITY"):
        return named
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise UserError(
            "IDENTITY: who may have signed? type: make verify-keyless DIGEST=… IDENTITY="
            "'^https://github.com/OWNER/REPOSITORY/.github/workflows/deliver.yml@'"
        )
    workflow = re.escape(f"https://github.com/{repository}/.github/workflows/deliver.yml@refs/")
    return f"^{workflow}{REFS}$"


def _described(path: Path, media_type: str) -> Descriptor:
    return Descriptor(media_type, file_digest(path), path.stat().st_size, {TITLE: path.name})


def main() -> None:
    """Sign dist/, or verify the package that DIGEST names."""
    registry = open_registry()
    if digest := asked.given("DIGEST"):
        verify(packages.fetch(digest), registry, expected_identity())
        print(f"{digest} was signed by {expected_identity()}")
        return
    package = verify_package()
    sign(package, registry)
    print(f"{package.digest} is signed by this workflow, and {registry.where} keeps the signature")


if __name__ == "__main__":
    one_line(main)
