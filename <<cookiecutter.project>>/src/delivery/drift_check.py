"""Would drift be seen? Simulated traffic with and without it, held against training.

In a folder of its own: these verdicts are not the project's, and no page or alert tells of them.
"""

import subprocess
from pathlib import Path

from delivery.checks import Check
from project import module
from project.trial_folder import lay_out, variables

FOLDER = Path("build/integration")
ROWS = "1000"
#: The kind of simulated drift, which columns of any type can have, and how `make drift` must end.
EXPECTED = {"none": 0, "missing": 3}


def check_drift() -> Check:
    """Simulate each kind, and see that the watch on drift says what it should."""
    lay_out(FOLDER)
    for kind, expected in EXPECTED.items():
        traffic = f"{kind}.jsonl"
        simulated = _run("monitoring.simulate", DRIFT=kind, ROWS=ROWS, OUT=traffic)
        if simulated.returncode:
            return Check("drift", False, f"no traffic with drift {kind}: {_said(simulated)}")
        found = _run("monitoring.drift", CURRENT=traffic, SINCE="")
        if found.returncode != expected:
            ended = f"ended with {found.returncode}, expected {expected}"
            return Check("drift", False, f"drift {kind}: make drift {ended}: {_said(found)}")
    return Check("drift", True, "simulated drift is seen, and none where there is none")


def _run(name: str, **words: str) -> subprocess.CompletedProcess[str]:
    # What is simulated is no news of the model: nothing is told of it.
    environment = variables(**{"URL": "", "LABELS": "", "PUSHGATEWAY": ""} | words)
    return module.run_module(name, cwd=FOLDER, env=environment)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return ((done.stderr + done.stdout).strip().splitlines() or ["it said nothing"])[-1]
