"""Does a service bear requests from several callers for some time?"""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import requests

from delivery.checks import ANSWER_SECONDS, Asked, Check, Sent

CALLERS = 4


@dataclass
class _Taken:
    """What the callers have found, all in one."""

    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def check_load(asked: Asked, sent: Sequence[Sent], seconds: float) -> Check:
    """Send requests over and over; every answer must be 200, p99 within its bound."""
    taken, end = _Taken(), time.monotonic() + seconds

    def call(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < end and not taken.failures:
                number += 1
                start = time.perf_counter()
                try:
                    where, content = sent[number % len(sent)]
                    answer = session.post(f"{asked.url}{where}", timeout=ANSWER_SECONDS, **content)
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
    bound = asked.settings.p99_milliseconds
    return Check("load", p99 <= bound, f"{said}, at most {bound:g}", figures)
