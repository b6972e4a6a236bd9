"""Ask a running service whether it is the model that should run, and answers as it should."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import requests

from delivery.environments import Verification
from delivery.package import Package
from project.errors import UserError
from project.files import read_json
from project.settings.evaluation import DIRECTIONS

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


def check_service(url: str, package: Package, settings: Verification) -> list[Check]:
    """Ask the service at `url`, the package's Bento, until a check fails; that is the last."""
    golden = read_json(package.folder / "bento/src/golden.json")
    made: list[Check] = []
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy is no way to a service
            for check in _checks(session, url.rstrip("/"), package, golden, settings):
                made.append(check)
                if not check.passed:
                    break
    except requests.ConnectionError:
        made.append(Check("answers", False, f"nobody listens at {url}"))
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error).splitlines()[0] if str(error) else "no reason given"
        made.append(Check("answers", False, f"{url}: {type(error).__name__}: {why}"))
    return made


def _checks(
    session: requests.Session,
    url: str,
    package: Package,
    golden: Mapping[str, Any],
    settings: Verification,
) -> Iterator[Check]:
    ready = session.get(f"{url}/readyz", timeout=ANSWER_SECONDS)
    yield Check("ready", ready.status_code == 200, f"/readyz answered {ready.status_code}")
    inputs = golden["inputs"]
    answer = session.post(f"{url}/predict", json=inputs, timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    body = answer.json()
    found, expected = body["model"]["digest"], package.digests["model"]
    yield Check("digest", found == expected, f"it runs {found}, expected {expected}")
    mistake = golden_mistake(body["predictions"], golden)
    yield Check("golden", mistake is None, mistake or f"{len(inputs)} rows as expected")
    yield _latency(session, url, inputs, settings.p99_milliseconds)
    yield from _gauges(session, url, package, settings)


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


def _latency(session: requests.Session, url: str, inputs: list[Any], bound: float) -> Check:
    """Time requests of one row each, over one connection."""
    taken = []
    for number in range(REQUESTS):
        start = time.perf_counter()
        answer = session.post(
            f"{url}/predict", json=inputs[number % len(inputs)], timeout=ANSWER_SECONDS
        )
        taken.append(1000 * (time.perf_counter() - start))
        answer.raise_for_status()
    p99 = sorted(taken)[math.ceil(0.99 * REQUESTS) - 1]
    figures = {"p99_milliseconds": round(p99, 3), "requests": REQUESTS}
    return Check("p99", p99 <= bound, f"p99 is {p99:.1f} ms, at most {bound:g}", figures)


def _gauges(
    session: requests.Session, url: str, package: Package, settings: Verification
) -> Iterator[Check]:
    """Hold each of the model's own gauges against its floor; all of them have to be there."""
    answer = session.get(f"{url}/metrics", timeout=ANSWER_SECONDS)
    answer.raise_for_status()
    shown = _shown(answer.text, package.digests["model"])
    wanted = package.manifest["metrics"]
    missing = [name for name in wanted if name not in shown]
    if missing or not wanted:
        yield Check("metrics", False, f"/metrics has no gauge of {', '.join(missing) or 'any'}")
        return
    directions = DIRECTIONS[package.manifest["task"]]
    for name, floor in settings.floors.items():
        if name not in directions:
            continue
        value, higher = shown.get(name, math.nan), directions[name] == "higher"
        holds = value >= floor if higher else value <= floor
        bound = "at least" if higher else "at most"
        yield Check("metrics", holds, f"{name} is {value:.4g}, must be {bound} {floor:g}")
    figures = {name: shown[name] for name in wanted}
    yield Check("metrics", True, f"{len(wanted)} gauges", figures)


def _shown(text: str, digest: str) -> dict[str, float]:
    """Read the gauges of one model out of Prometheus' text format."""
    from prometheus_client.parser import text_string_to_metric_families

    return {
        sample.name.removeprefix("model_"): sample.value
        for family in text_string_to_metric_families(text)
        if family.type == "gauge"
        for sample in family.samples
        if sample.labels.get("model_digest") == digest
    }


def refuse_other_url(url: str) -> None:
    """Raise `UserError` where URL is none of a service."""
    if not url.startswith(("http://", "https://")):
        raise UserError(f"URL={url}: expected http://… or https://…, without a path")
