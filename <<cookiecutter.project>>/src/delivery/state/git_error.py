"""A git command that failed, told by what matters of its words."""

import re


class GitError(Exception):
    """A git command that failed, and what it said."""

    def __init__(self, command: str, output: str) -> None:
        super().__init__(f"git {command}: {complaint(output)}")
        self.output = output


def complaint(output: str) -> str:
    """Return what matters of git's words: the remote's own, else the first error."""
    lines = [line.strip() for line in output.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    if any(said):
        return " ".join(filter(None, said))
    errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    chosen = (errors or [line for line in lines if line] or ["failed and said nothing"])[0]
    return re.sub(r"^(fatal|error): ", "", chosen)
