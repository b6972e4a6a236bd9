"""Do the workflows keep to what GitHub advises? `make check-workflows`.

zizmor at its strictest (persona auditor), without the network: pins by SHA, least permissions, no
text of others in a shell, no secret where none is needed.
"""

from project.check_tools import run
from project.errors import one_line


def main() -> None:
    """Audit .github/."""
    run("zizmor", "--offline", "--persona", "auditor", "--no-progress", ".github")


if __name__ == "__main__":
    one_line(main)
