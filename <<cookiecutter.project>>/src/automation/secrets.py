"""Does git hold something that looks like a secret? `make check-secrets`.

detect-secrets looks at each file that git tracks. `.secrets.baseline` holds, as digests, what it
found and somebody has seen to be none; for a line of your own, `# pragma: allowlist secret`.
Digests, which look like secrets and are the opposite, are left out.
"""

from project.check_tools import run
from project.errors import one_line
from project.git import git

BASELINE = ".secrets.baseline"
#: Files of digests.
DIGESTS = r"^(\.cookiecutter\.json|dvc\.lock|.*\.dvc|requirements/.*\.txt)$"
#: What stands for a secret in tests and docs, and is none.
DUMMIES = r"^(token|secret|se:cret|long)$"


def main() -> None:
    """Look at all that git tracks."""
    files = [name for name in git("ls-files", "-z").split("\0") if name]
    leave_out = ("--exclude-files", DIGESTS, "--exclude-secrets", DUMMIES)
    run("detect-secrets-hook", "--baseline", BASELINE, *leave_out, *files)
    print(f"{len(files)} files, no secret that {BASELINE} does not know to be none")


if __name__ == "__main__":
    one_line(main)
