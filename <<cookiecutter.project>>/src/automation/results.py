"""Have what the stages made: `make results`, and keep it for others: `make send-results`.

From DVC's remote where `.dvc/config` names one, else from the cache that is here; what neither has
is made again, which gives the same bytes.
"""

import subprocess
import sys

from project.errors import UserError, one_line
from project.switches import is_on


def has_remote() -> bool:
    """Tell whether DVC has a remote to pull from."""
    return bool(_dvc("remote", "list").stdout.strip())


def fetch() -> None:
    """Bring data, models and package here, and run the stages whose results are nowhere."""
    if has_remote():
        done = _dvc("pull", "--run-cache", "--allow-missing", "--force")
    else:
        done = _dvc("checkout", "--allow-missing", "--force")
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"dvc {done.args[3]}: {said.removeprefix('ERROR: ')}")
    if subprocess.run([sys.executable, "-m", "dvc", "repro"]).returncode:
        raise UserError("what could not be fetched could not be made either; see above")


def send(of_branches: bool = False) -> None:
    """Send results, and which inputs gave them, to DVC's remote; without one, say so.

    of_branches: those of every local branch, such as a retraining has left, and not only these.
    """
    if not has_remote():
        print("DVC has no remote: nobody else has these results; type: dvc remote add -d NAME URL")
        return
    words = ["push", "--run-cache", *(["--all-branches"] if of_branches else [])]
    if subprocess.run([sys.executable, "-m", "dvc", *words]).returncode:
        raise UserError("dvc push: failed; see above")


def _dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def main() -> None:
    """Fetch, or send where the first argument says so."""
    if sys.argv[1:] == ["send"]:
        send(of_branches=is_on("BRANCHES"))
    else:
        fetch()


if __name__ == "__main__":
    one_line(main)
