"""Views that follow what is deployed: MLflow's alias of each environment."""

import sys

from delivery.state.record import State
from project import module


def move_alias(environment: str, state: State) -> None:
    """Let MLflow's alias of an environment point to the model that is to run there.

    Files are the truth, so that an MLflow which cannot be reached stops nothing: that is said on
    stderr, and the next deploy or verification makes up for it.
    """
    digests = state.settings.get("package", {}).get("digests", {})
    if "model" not in digests:
        print(f"warning: config.yaml of {environment} names no model", file=sys.stderr)
        return
    done = module.run_module("tracking.alias", environment, digests["model"])
    if done.returncode:
        print(f"warning: alias {environment}: {module.last_line(done)}", file=sys.stderr)
    else:
        print(done.stdout, end="")
