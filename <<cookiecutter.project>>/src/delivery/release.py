"""Make a release of a tag, with the model's card: `make release TAG=v1.2.0`.

The release holds no second copy of the package: its text names the digest, and what describes and
proves it is attached.
"""

import os
import shutil
import subprocess

from delivery.verify import verify_package
from project.artefacts import BENTO, METRICS, PAGE, PROVENANCE, SBOM, SIGNATURE
from project.errors import UserError, one_line
from project.git import run_git

CARD = BENTO / "README.md"


def main() -> None:
    """Create the release with gh, or bring the one that is there up to date."""
    tag = os.environ.get("TAG", "")
    if not tag or run_git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}").returncode:
        raise UserError(f"TAG={tag}: no such tag; type: git tag v1.0.0 && git push origin v1.0.0")
    package = verify_package()
    if not shutil.which("gh"):
        raise UserError("gh: not installed; see https://cli.github.com")
    attached = [str(path) for path in (CARD, SBOM, PROVENANCE, SIGNATURE, METRICS, PAGE)]
    title = f"{package.manifest['name']} {tag}"
    for command in (
        ["create", tag, "--verify-tag", "--title", title, "--notes-file", str(CARD)],
        ["upload", tag, "--clobber", *attached],
    ):
        done = subprocess.run(["gh", "release", *command], capture_output=True, text=True)
        if done.returncode and "already exists" not in done.stderr:
            raise UserError(f"gh release {command[0]}: {' '.join(done.stderr.split())}")
    print(f"released {title}: {package.digest}")


if __name__ == "__main__":
    one_line(main)
