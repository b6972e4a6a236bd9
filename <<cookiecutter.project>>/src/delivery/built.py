"""What was built here, for the next step: `make built`."""

from delivery.verify import verify_package
from project.errors import one_line
from project.git import git
from project.loading import load
from project.outputs import hand_on
from project.settings.identity import Project


def main() -> None:
    """Hand on the signed package's digest, its name in the registry, and the commit."""
    package, project = verify_package(), load("project", Project)
    hand_on(
        {
            "digest": package.digest,
            "name": f"{project.registry}/{project.name}",
            "commit": git("rev-parse", "HEAD"),
        }
    )


if __name__ == "__main__":
    one_line(main)
