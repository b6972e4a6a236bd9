"""The service against a bare application, the usual one, and MLflow's: by turns, in one run."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.document import Table
from benchmarks.measure import Command, run
from benchmarks.server import Load, Server, bento, bento_environment, serving, uvicorn
from benchmarks.workspace import project

MODEL = "model=random_forest"
#: Rows of a request, and connections that ask at once.
CASES = ((1, 1), (1, 16), (32, 4), (1024, 4))
SECONDS = 2.0
ROUNDS = 5
OURS = "this service"
#: What our rate must be at least, as a multiple of theirs.
BOUNDS = {"uvicorn + onnxruntime": 0.8, "FastAPI + scikit-learn": 1.0, "mlflow models serve": 3.0}


@dataclass(frozen=True)
class Contender:
    """A server, and how it is asked for predictions of some records."""

    server: Server
    path: str
    body: Callable[[list[Any]], Any]


def measure(work: Path) -> list[Table]:
    """Return a table for each number of rows and connections."""
    folder = project(work, "serving", MODEL)
    run(Command(("bin/python", "-m", "project.repro", MODEL), folder))
    golden = json.loads((folder / "reports/golden.json").read_text())["inputs"][:-1]
    with ExitStack() as stack:
        contenders = _start(folder, stack)
        return [_table(folder, contenders, golden, *case) for case in CASES]


def _start(folder: Path, stack: ExitStack) -> dict[str, Contender]:
    def start(*command: str, ready: str = "/", **environment: str) -> Server:
        return stack.enter_context(serving(folder, *command, ready=ready, **environment))

    ours = start(*bento(folder), ready="/readyz", **bento_environment(folder))
    bare = start(*uvicorn("bare"))
    single = start(*uvicorn("bare"), THREADS="1")
    usual = start(*uvicorn("fastapi_sklearn"), PYTHONPATH=str(folder / "src"))
    mlflow = start(
        *("bin/python", "-m", "mlflow", "models", "serve", "--env-manager", "local"),
        *("--model-uri", "models:/wine-model/1", "--port", "PORT"),
        ready="/ping",
        MLFLOW_TRACKING_URI="sqlite:///mlflow.db",
        PATH=f"{folder / '.venv/bin'}:/usr/bin:/bin",
    )
    return {
        OURS: Contender(ours, "/predict", list),
        "uvicorn + onnxruntime": Contender(bare, "/predict", list),
        "the same, in one thread": Contender(single, "/predict", list),
        "FastAPI + scikit-learn": Contender(usual, "/predict", list),
        "mlflow models serve": Contender(
            mlflow, "/invocations", lambda records: {"dataframe_records": records}
        ),
    }


def _table(
    folder: Path, contenders: dict[str, Contender], golden: list[Any], rows: int, connections: int
) -> Table:
    records = [golden[place % len(golden)] for place in range(rows)]
    loads: dict[str, list[Load]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            body = folder / "body.json"
            body.write_text(json.dumps(contender.body(records)))
            loads[name].append(contender.server.load(contender.path, body, connections, SECONDS))
            if loads[name][-1].failed:
                raise SystemExit(f"{name}: {loads[name][-1].failed} answers were no 200")
    best = {name: _best(several) for name, several in loads.items()}
    header = (
        f"{rows:,} row{'s' if rows > 1 else ''}, {connections} "
        f"connection{'s' if connections > 1 else ''}",
        *("answers/s", "median", "p99", "processor"),
        *("ours by answers", "ours by processor", "bound"),
    )
    return Table(header, [_row(name, load, best[OURS]) for name, load in best.items()])


def _best(loads: list[Load]) -> Load:
    """Return the best of several: whatever else the machine does can only slow a server down."""
    return Load(
        max(load.rate for load in loads),
        min(load.median for load in loads),
        min(load.p99 for load in loads),
        min(load.processor for load in loads),
        0,
    )


def _row(name: str, load: Load, ours: Load) -> tuple[str, ...]:
    measured = (
        name,
        f"{load.rate:,.0f}",
        f"{load.median * 1e3:.2f} ms",
        f"{load.p99 * 1e3:.2f} ms",
        f"{load.processor * 1e6:,.0f} µs",
    )
    if name == OURS:
        return (*measured, "1", "1", "")
    ratios = (f"**{ours.rate / load.rate:.2f}**", f"{load.processor / ours.processor:.2f}")
    return (*measured, *ratios, f"{BOUNDS[name]:g}" if name in BOUNDS else "")
