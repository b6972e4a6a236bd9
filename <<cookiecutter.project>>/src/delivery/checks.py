"""What is looked at in a running service, whatever it speaks: answers, golden rows, latency."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from delivery.environments import Verification
from delivery.package import Package
from project.errors import UserError
from project.files import read_json

REQUESTS = 100  # of which p99 is the second slowest
ANSWER_SECONDS = 10.0


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is as it should be, and what was found."""

    id: str
    passed: bool
    said: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the check for a record."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """A service and what it should be; `session` keeps one connection to it."""

    session: requests.Session
    url: str
    package: Package
    golden: Mapping[str, Any]
    settings: Verification

    def get(self, path: str) -> requests.Response:
        """Ask for a path."""
        return self.session.get(f"{self.url}{path}", timeout=ANSWER_SECONDS)

    def post(self, path: str, **content: Any) -> Any:
        """Send a body and return the JSON of the answer; an error status raises."""
        answer = self.session.post(f"{self.url}{path}", timeout=ANSWER_SECONDS, **content)
        answer.raise_for_status()
        return answer.json()


Checks = Callable[[Asked], Iterator[Check]]
#: A request that is posted: its path, and requests' arguments for its body.
Sent = tuple[str, Mapping[str, Any]]


def check_service(
    url: str, package: Package, settings: Verification, checks: Checks
) -> list[Check]:
    """Ask the service at `url`, which should be the package, until a check fails; that is last."""
    golden = read_json(package.folder / "bento/src/golden.json")
    made: list[Check] = []
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy is no way to a service
            for check in checks(Asked(session, url.rstrip("/"), package, golden, settings)):
                made.append(check)
                if not check.passed:
                    break
    except requests.ConnectionError:
        made.append(Check("answers", False, f"nobody listens at {url}"))
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error).splitlines()[0] if str(error) else "no reason given"
        made.append(Check("answers", False, f"{url}: {type(error).__name__}: {why}"))
    return made


def golden_check(answers: list[dict[str, Any]], golden: Mapping[str, Any]) -> Check:
    """Hold the answers to the golden inputs against the golden outputs."""
    mistake = golden_mistake(answers, golden)
    return Check("golden", mistake is None, mistake or f"{len(answers)} rows as expected")


def golden_mistake(answers: list[dict[str, Any]], golden: Mapping[str, Any]) -> str | None:
    """Say in which golden row an answer is another than it was when the model was evaluated."""
    outputs = golden["outputs"]
    if len(answers) != len(outputs):
        return f"{len(answers)} answers to {len(outputs)} golden rows"
    for row, (answer, expected) in enumerate(zip(answers, outputs, strict=True)):
        ours, theirs = _flat(answer), _flat(expected)
        if ours.keys() != theirs.keys() or not all(
            _alike(ours[name], theirs[name], golden["tolerance"]) for name in theirs
        ):
            return f"golden row {row}: {answer}, expected {expected}"
    return None


def _flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    shares = {f"probability of {name}": of for name, of in answer.get("probabilities", {}).items()}
    return shares | {name: value for name, value in answer.items() if name != "probabilities"}


def _alike(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return math.isclose(found, expected, rel_tol=1e-5, abs_tol=tolerance)
    return bool(found == expected)


def latency(ask: Callable[[int], object], bound: float) -> Check:
    """Time requests, each of which `ask` sends by its number, over one connection."""
    taken = []
    for number in range(REQUESTS):
        start = time.perf_counter()
        ask(number)
        taken.append(1000 * (time.perf_counter() - start))
    p99 = sorted(taken)[math.ceil(0.99 * REQUESTS) - 1]
    figures = {"p99_milliseconds": round(p99, 3), "requests": REQUESTS}
    return Check("p99", p99 <= bound, f"p99 is {p99:.1f} ms, at most {bound:g}", figures)


def refuse_other_url(url: str) -> None:
    """Raise `UserError` where URL is none of a service."""
    if not url.startswith(("http://", "https://")):
        raise UserError(f"URL={url}: expected http://… or https://…, without a path")
