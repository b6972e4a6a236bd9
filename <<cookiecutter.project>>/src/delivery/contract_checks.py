"""Does a service keep its contract: what it says of itself, and what it answers to bad requests."""

from collections.abc import Iterator
from typing import Any

import requests

from delivery.checks import ANSWER_SECONDS, Check
from delivery.package import Package
from project.files import read_json


def check_contract(url: str, package: Package) -> list[Check]:
    """Ask what the service takes, and ask what it must refuse; the first failure is the last."""
    golden = read_json(package.folder / "bento/src/golden.json")
    made: list[Check] = []
    try:
        with requests.Session() as session:
            session.trust_env = False
            for check in _checks(session, url.rstrip("/"), package, golden["inputs"][0]):
                made.append(check)
                if not check.passed:
                    break
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        why = str(error).splitlines()[0] if str(error) else "no reason given"
        made.append(Check("contract", False, f"{type(error).__name__}: {why}"))
    return made


def _checks(
    session: requests.Session, url: str, package: Package, row: dict[str, Any]
) -> Iterator[Check]:
    model = package.manifest["name"]
    answer = session.get(f"{url}/v2/models/{model}", timeout=ANSWER_SECONDS)
    named = {tensor["name"] for tensor in answer.json()["inputs"]}
    missing = sorted(row.keys() ^ named)
    said = f"{len(named)} inputs" if not missing else f"inputs differ: {', '.join(missing)}"
    yield Check("inputs", not missing, said)
    column = min(row)
    lacking = {name: value for name, value in row.items() if name != column}
    for what, body in {
        f"a row without {column}": lacking,
        "a row with an unknown column": row | {"no such column": 1},
        f"a list for {column}": row | {column: [1]},
    }.items():
        answer = session.post(f"{url}/predict", json=body, timeout=ANSWER_SECONDS)
        word = "no such column" if "unknown" in what else column
        held = answer.status_code == 422 and word in answer.text
        yield Check("refusals", held, f"{what}: {answer.status_code}, expected 422 naming {word}")
    answer = session.post(f"{url}/predict", data=b"{", timeout=ANSWER_SECONDS)
    said = f"half a JSON text: {answer.status_code}, expected 400"
    yield Check("refusals", answer.status_code == 400, said)
