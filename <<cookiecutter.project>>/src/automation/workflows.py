"""Do the workflows keep to what GitHub advises? `make check-workflows`.

zizmor at its strictest (persona auditor), without the network: pins by SHA, least permissions, no
text of others in a shell, no secret where none is needed. A file that it cannot read is a finding.
"""

from project.check_tools import run
from project.errors import one_line


def main() -> None:
    """Audit .github/."""
    how = ("--offline", "--persona", "auditor", "--strict-collection", "--no-progress")
    run("zizmor", *how, ".github")


if __name__ == "__main__":
    one_line(main)
