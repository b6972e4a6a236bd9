"""Views that follow what is deployed: MLflow's alias of each environment."""

import subprocess
import sys

from delivery.state.record import State


def move_alias(environment: str, state: State) -> None:
    """Let MLflow's alias of an environment point to the model that is to run there.

    Files are the truth, so that an MLflow which cannot be reached stops nothing: that is said on
    stderr, and the next deploy or verification makes up for it.
    """
    digests = state.settings.get("package", {}).get("digests", {})
    if "model" not in digests:
        print(f"warning: config.yaml of {environment} names no model", file=sys.stderr)
        return
    command = [sys.executable, "-m", "tracking.alias", environment, digests["model"]]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"warning: alias {environment}: {said.removeprefix('error: ')}", file=sys.stderr)
