"""Put a package from the registry into dist/: `make take DIGEST=sha256:…`.

So that what enters an environment is what was built once, and not what a machine has built again.
"""

import shutil

from delivery import asked, packages
from delivery.package import Package, read_package
from project.artefacts import PACKAGE
from project.errors import UserError, one_line
from project.files import replacing


def take(digest: str) -> Package:
    """Replace dist/ by the package of this digest, which the registry has, verified."""
    fetched = packages.fetch(digest)
    with replacing(PACKAGE) as temporary:
        shutil.copytree(fetched.folder, temporary)
    return read_package()


def main() -> None:
    """Take the package that DIGEST names."""
    digest = asked.given("DIGEST")
    if digest is None:
        raise UserError("DIGEST: which package? type: make take DIGEST=sha256:…")
    package = take(digest)
    print(f"{PACKAGE}/ is {package.manifest['name']} {package.digest}, as it was signed")


if __name__ == "__main__":
    one_line(main)
