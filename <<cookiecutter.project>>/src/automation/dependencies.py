"""Is something in the locks known to be vulnerable? `make check-dependencies`.

pip-audit asks OSV, or the service that OSV_URL names. Without `--strict`, and by its default
service, it says "no known vulnerabilities" of packages that it could not ask about.
"""

import os
import re
import subprocess
from pathlib import Path

from project.check_tools import tool
from project.environment import framework
from project.errors import UserError, one_line

STRICT = ("--strict", "--disable-pip", "--require-hashes", "--progress-spinner", "off")
OSV = "https://api.osv.dev/v1/query"
IGNORED = Path("requirements/ignored-vulnerabilities.txt")


def ignored() -> list[str]:
    """Return the ids that the project has decided to live with, each with a reason behind `#`."""
    if not IGNORED.exists():
        return []
    found = []
    for number, line in enumerate(IGNORED.read_text(encoding="utf-8").splitlines(), 1):
        name, _, why = line.partition("#")
        if name.strip() and not why.strip():
            raise UserError(f"{IGNORED}:{number}: {name.strip()}: expected `id  # why`")
        found += [name.strip()] if name.strip() else []
    return found


def why(said: str) -> str:
    """Shorten the last line of pip-audit's traceback where the network has failed."""
    failed = re.match(r"requests\.exceptions\.(\w+)", said)
    if not failed:
        return said or "no reason"
    system = re.search(r"\[Errno -?\d+\] ([\w ,]+)", said)
    reason = system[1] if system else failed[1]
    return f"{reason}; try again with a network, or name a service that answers: OSV_URL=…"


def main() -> None:
    """Ask about what trains here, and what serves."""
    url = os.environ.get("OSV_URL") or OSV
    passed_over = [word for name in ignored() for word in ("--ignore-vuln", name)]
    for lock in (f"requirements/{framework()}.txt", "requirements/serving.txt"):
        command = [tool("pip-audit"), *STRICT, "--requirement", lock]
        command += ["--vulnerability-service", "osv", "--osv-url", url, *passed_over]
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, end="")
        said = (done.stderr.strip().splitlines() or [""])[-1]
        if done.returncode and done.stdout.strip():
            raise UserError(f"{lock}: {said or 'vulnerable'}; see above")
        if done.returncode:
            raise UserError(f"{lock}: pip-audit could not ask {url}: {why(said)}")
        print(f"{lock}: nothing that {url} knows to be vulnerable")


if __name__ == "__main__":
    one_line(main)
