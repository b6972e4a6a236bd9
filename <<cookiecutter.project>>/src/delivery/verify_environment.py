"""Does an environment's model answer as it should? `make verify ENV=… [URL=…]`.

With a URL the running service is asked. Without one the package is pulled by the environment's
digest, started on a free port, and asked; the record says which of the two it was. While a canary
is under way it is the canary that is verified: what has the other requests was before.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from delivery import asked, packages
from delivery.checks import Check, Checks, check_service, refuse_other_url
from delivery.enforcing import Enforcement
from delivery.environments import Environment, Name, load_environment
from delivery.following import move_alias
from delivery.interfaces import interface
from delivery.notify import tell
from delivery.package import Package
from delivery.rollback import back_words, way_back
from delivery.state.reading import Deployed
from delivery.state.record import Record
from delivery.state.store import StateStore
from delivery.tables import short
from project.ending import leave_when_told, told_afterwards
from project.errors import UserError, one_line
from project.serve import free_port, start, stop, wait_until_it_answers
from project.switches import is_on

HOST = "127.0.0.1"


def verify_environment(
    package: Package, url: str | None, runtime: str, settings: Environment
) -> dict[str, Any]:
    """Ask until all is as it should be or time is over; return what a record keeps of it.

    runtime: what answers at `url`. Without a URL it is the package's own service.
    """
    target = "running" if url else "pulled"
    with served(package, url) as (where, is_there):
        checks = patiently(where, is_there, package, settings, interface(url, runtime).checks)
    return {
        "passed": bool(checks) and all(check.passed for check in checks),
        "target": target,
        "url": url,
        "checks": [check.to_json() for check in checks],
    }


def patiently(
    url: str, is_there: Callable[[], bool], package: Package, settings: Environment, known: Checks
) -> list[Check]:
    """Ask until all checks pass, time is over, or nobody is there any more."""
    deadline = time.monotonic() + settings.verification.wait_seconds
    while True:
        checks = check_service(url, package, settings.verification, known)
        if all(check.passed for check in checks):
            return checks
        late = time.monotonic() + settings.verification.interval_seconds > deadline
        if late or not is_there():
            return checks
        time.sleep(settings.verification.interval_seconds)


@contextmanager
def served(package: Package, url: str | None) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield where the service is, and what tells whether waiting for it makes sense.

    Without a URL it is the package's own, which runs while it is asked.
    """
    if url:
        yield url, lambda: True
        return
    with tempfile.TemporaryDirectory() as recordings:
        port = free_port(HOST)
        server = None
        try:
            with told_afterwards():
                server = start(HOST, port, recordings, package.folder / "bento")
            wait_until_it_answers(server, HOST, port)  # else the first try is always too early
            yield f"http://{HOST}:{port}", lambda: server.poll() is None
        finally:
            if server:
                stop(server)


def main() -> None:
    """Verify, write the result into the history, and roll back where the environment says so."""
    leave_when_told()  # the server that was started is ended then, and nothing is written
    name, model, url = asked.environment(), asked.model(), asked.given("URL")
    direct = is_on("DIRECT")
    settings, store = load_environment(name), StateStore.open()
    if url:
        refuse_other_url(url)
    seen = recorded(store, name, model, "verified")
    subject = seen.record.digest
    result = verify_environment(packages.fetch(subject), url, runtime(seen), settings)
    note(store, name, seen, result)
    failed = [check for check in result["checks"] if not check["passed"]]
    what = f"{model} {short(subject)} in {name}" + (", a canary," if seen.canary else "")
    if not failed:
        line = f"{what} is verified ({result['target']})"
        print("\n".join([*(f"{each['id']}: {each['said']}" for each in result["checks"]), line]))
        move_alias(name, seen.state)
        tell(settings.notify, line)
        return
    line = f"{what} failed: {failed[0]['id']}: {failed[0]['said']}"
    if settings.verification.rollback:
        line += f"; {_rolled_back(store, settings, seen, line, direct)}"
    tell(settings.notify, line)
    raise UserError(line)


def recorded(store: StateStore, name: Name, model: str, done: str) -> Deployed:
    """Return what runs in an environment, as its records say; done: what is to be done with it.

    Raises `UserError` where nothing runs there, or something that no record knows.
    """
    seen = store.current(name, model)
    if seen is None:
        raise UserError(f"{name}/{model}: nothing runs there, so nothing can be {done}")
    if seen.edited or seen.state.digest != seen.digest:
        raise UserError(
            f"{name}/{model}: was edited past its records; look at make audit, and put it back: "
            f"make rollback ENV={name} TO={seen.record.id}"
        )
    return seen


def runtime(seen: Deployed) -> str:
    """Return what serves an environment's package: the Bento, or KServe with the graph alone."""
    return str(seen.state.chart_values.get("runtime", "bento"))


def note(store: StateStore, name: Name, seen: Deployed, result: dict[str, Any]) -> None:
    """Write into the history what a verification of what runs has found."""
    record = Record(
        action="verify",
        environment=name,
        model=seen.record.model,
        digest=seen.record.digest,
        commit=seen.record.commit,
        replaced=seen.record.id,
        verification=result,
    )
    store.note(record)


def _rolled_back(
    store: StateStore, settings: Environment, seen: Deployed, why: str, direct: bool
) -> str:
    """Roll back, and say to what, or why not."""
    try:
        new, record = way_back(store, seen.record.environment, seen.record.model, reason=why)
        return Enforcement(store, settings, new, record, back_words(record), direct).enforce()
    except UserError as error:
        return f"not rolled back: {error}"


if __name__ == "__main__":
    one_line(main)
