"""Print the commit of the clone that a task runs in: the first task of build/workflow/.

By a library that DVC brings along, as the image has no git.
"""

from project.errors import one_line


def main() -> None:
    """Print it in full."""
    from dulwich.repo import Repo

    print(Repo.discover().head().decode())


if __name__ == "__main__":
    one_line(main)
