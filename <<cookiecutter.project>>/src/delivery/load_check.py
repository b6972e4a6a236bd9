"""Does a service bear requests from several callers for some time?"""

import math
import threading
import time
from dataclasses import dataclass, field

import requests

from delivery.checks import ANSWER_SECONDS, Check
from delivery.environments import Verification
from delivery.package import Package
from project.files import read_json

CALLERS = 4


@dataclass
class _Taken:
    """What the callers have found, all in one."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def check_load(url: str, package: Package, seconds: float, settings: Verification) -> Check:
    """Ask with a golden row each, over and over; every answer must be 200, p99 within its bound."""
    rows = read_json(package.folder / "bento/src/golden.json")["inputs"]
    taken, end = _Taken(), time.monotonic() + seconds

    def call(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < end and not taken.failures:
                number += 1
                start = time.perf_counter()
                try:
                    answer = session.post(
                        f"{url.rstrip('/')}/predict",
                        json=rows[number % len(rows)],
                        timeout=ANSWER_SECONDS,
                    )
                    answer.raise_for_status()
                except requests.RequestException as error:
                    taken.failures.append(str(error).splitlines()[0])
                    return
                taken.milliseconds.append(1000 * (time.perf_counter() - start))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if taken.failures or not taken.milliseconds:
        why = taken.failures[0] if taken.failures else "no answer at all"
        return Check("load", False, f"after {len(taken.milliseconds):,} answers: {why}")
    times = sorted(taken.milliseconds)
    p99 = times[math.ceil(0.99 * len(times)) - 1]
    said = f"{len(times):,} answers in {seconds:g} s, p99 {p99:.1f} ms"
    figures = {"requests": len(times), "seconds": seconds, "p99_milliseconds": round(p99, 3)}
    bound = settings.p99_milliseconds
    return Check("load", p99 <= bound, f"{said}, at most {bound:g}", figures)
