"""Views that follow what is deployed: MLflow's alias of each environment."""

import sys

from delivery.state.record import State
from project import module

#: What tells a version in MLflow: the same model can come of other data, or other settings.
TOLD_BY = ("model", "dataset", "parameters")


def move_alias(environment: str, state: State) -> None:
    """Let MLflow's alias of an environment point to the version that is to run there.

    Files are the truth, so that an MLflow which cannot be reached stops nothing: that is said on
    stderr, and the next deploy or verification makes up for it.
    """
    digests = state.settings.get("package", {}).get("digests", {})
    for name in TOLD_BY:
        if name not in digests:
            print(f"warning: config.yaml of {environment} names no {name}", file=sys.stderr)
            return
    told = [digests[name] for name in TOLD_BY]
    done = module.run_module("tracking.alias", environment, *told)
    if done.returncode:
        print(f"warning: alias {environment}: {module.last_line(done)}", file=sys.stderr)
    else:
        print(done.stdout, end="")
