"""Does an environment's model hold what it must before PROD? `make integration ENV=test [URL=…]`.

Golden inputs and the service's own answers, as `make verify` asks them; its contract, by requests
that break it, in the Bento's interface, or in the protocol's where KServe has the graph alone; a
load for a minute; whether simulated drift would be seen. What was found is a verification in the
history, so that a failure keeps the package out of the environment after this one. LOAD_SECONDS
shortens the load.
"""

import os
from collections.abc import Iterator

from delivery import asked, packages
from delivery.checks import Asked, Check, check_service, refuse_other_url
from delivery.drift_check import check_drift
from delivery.environments import load_environment
from delivery.interfaces import interface
from delivery.load_check import check_load
from delivery.notify import tell
from delivery.state.store import StateStore
from delivery.tables import short
from delivery.verify_environment import note, patiently, recorded, runtime, served
from project.ending import leave_when_told
from project.errors import UserError, one_line

LOAD_SECONDS = 60.0


def main() -> None:
    """Run each part, until one fails; write the result down."""
    leave_when_told()  # the server that was started is ended then, and nothing is written
    name, model, url = asked.environment(), asked.model(), asked.given("URL")
    settings, store = load_environment(name), StateStore.open()
    if url:
        refuse_other_url(url)
    seen = recorded(store, name, model, "tested")
    package = packages.fetch(seen.record.digest)  # of a canary the candidate
    known, seconds = interface(url, runtime(seen)), _seconds()

    def load(asked: Asked) -> Iterator[Check]:
        yield check_load(asked, known.requests(asked), seconds)

    with served(package, url) as (where, is_there):
        checks = patiently(where, is_there, package, settings, known.checks)
        for part in (known.contract, load):
            if all(check.passed for check in checks):
                checks += check_service(where, package, settings.verification, part)
    if all(check.passed for check in checks):
        checks.append(check_drift())
    failed = [check for check in checks if not check.passed]
    found = {
        "passed": not failed,
        "target": "running" if url else "pulled",
        "url": url,
        "checks": [check.to_json() for check in checks],
    }
    note(store, name, seen, found)
    print("\n".join(f"{check.id}: {check.said}" for check in checks))
    what = f"{model} {short(seen.record.digest)} in {name}"
    if failed:
        line = f"{what} failed its integration tests: {failed[0].id}: {failed[0].said}"
        tell(settings.notify, line)
        raise UserError(line)
    print(f"{what} has passed its integration tests")


def _seconds() -> float:
    given = os.environ.get("LOAD_SECONDS", "") or str(LOAD_SECONDS)
    try:
        return float(given)
    except ValueError:
        raise UserError(f"LOAD_SECONDS={given}: expected a number of seconds") from None


if __name__ == "__main__":
    one_line(main)
