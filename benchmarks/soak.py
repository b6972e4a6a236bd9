"""Ten minutes at four fifths of what the service can bear, with requests mixed in that are none."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from benchmarks.document import Table
from benchmarks.measure import ENVIRONMENT, Command, run
from benchmarks.server import Server, bento, bento_environment, serving
from benchmarks.workspace import project

CLIENT = str(Path(__file__).with_name("soak_client.py"))
MODEL = "model=random_forest"
CONNECTIONS = 16
SHARE = 0.8
CAPACITY_SECONDS = 20
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SAMPLE_SECONDS = 5.0


def measure(work: Path) -> list[Table]:
    """Return what was answered, and what the server held, at the beginning and at the end."""
    folder = project(work, "soak", MODEL)
    run(Command(("bin/python", "-m", "project.repro", MODEL), folder))
    environment = bento_environment(folder)
    with serving(folder, *bento(folder), ready="/readyz", **environment) as server:
        capacity = _ask(server, CAPACITY_SECONDS, 0)
        rate = SHARE * capacity["rate"]
        before = server.processes()
        memory: list[int] = []
        ended = threading.Event()
        watch = threading.Thread(target=_sample, args=(server, memory, ended))
        watch.start()
        held = _ask(server, SECONDS, rate)
        ended.set()
        watch.join()
        lost = before - server.processes()
    return [_table(capacity, held, memory, lost)]


def _ask(server: Server, seconds: float, rate: float) -> dict[str, Any]:
    command = ("bin/python", CLIENT, str(server.port), str(seconds), str(rate), str(CONNECTIONS))
    said = subprocess.check_output(command, cwd=server.folder, env=ENVIRONMENT)
    return dict(json.loads(said))


def _sample(server: Server, memory: list[int], ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_SECONDS):
        memory.append(server.memory())


def _table(
    capacity: dict[str, Any], held: dict[str, Any], memory: list[int], lost: set[int]
) -> Table:
    tenth = max(len(memory) // 10, 1)
    early, late = (max(part) / 2**20 for part in (memory[tenth : 2 * tenth], memory[-tenth:]))
    statuses = ", ".join(f"{count:,} of {status}" for status, count in held["statuses"].items())
    rows: list[tuple[str, ...]] = [
        ("capacity with this mix, answers/s", f"{capacity['rate']:,.0f}"),
        ("minutes", f"{SECONDS / 60:g}"),
        ("answers/s", f"{held['rate']:,.0f}"),
        ("answers", f"{held['answers']:,}"),
        ("by status", statuses),
        ("median, p99", f"{held['median'] * 1e3:.1f} ms, {held['p99'] * 1e3:.1f} ms"),
        ("answers that were not onnxruntime's own, or of another status", str(len(held["wrong"]))),
        ("processes lost", str(len(lost))),
        ("peak memory in the second tenth of the time", f"{early:,.0f} MiB"),
        ("peak memory in the last tenth", f"{late:,.0f} MiB"),
    ]
    if held["wrong"]:
        print("\n".join(held["wrong"]))
    return Table(("", ""), rows)
