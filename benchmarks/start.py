"""How long servers take until they answer, and how much they need installed."""

import subprocess
import time
from pathlib import Path

from benchmarks.document import Table
from benchmarks.measure import ENVIRONMENT, Command, run
from benchmarks.server import bento, bento_environment, serving, uvicorn
from benchmarks.workspace import project

MODEL = "model=random_forest"
TIMES = 4


def measure(work: Path) -> list[Table]:
    """Return seconds to the first answer by server, and megabytes by environment."""
    folder = project(work, "start", MODEL)
    run(Command(("bin/python", "-m", "project.repro", MODEL), folder))
    return [_starts(folder), _sizes(work, folder)]


def _starts(folder: Path) -> Table:
    pythonpath = {"PYTHONPATH": str(folder / "src")}
    mlflow = ("-m", "mlflow", "models", "serve", "--env-manager", "local", "--port", "PORT")
    commands = {
        "this service, its golden rows proven": (
            *(bento(folder), "/readyz"),
            bento_environment(folder),
        ),
        "uvicorn + onnxruntime": (uvicorn("bare"), "/", {}),
        "FastAPI + scikit-learn": (uvicorn("fastapi_sklearn"), "/docs", pythonpath),
        "mlflow models serve": (
            ("bin/python", *mlflow, "--model-uri", "models:/wine-model/1"),
            "/ping",
            {
                "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db",
                "PATH": f"{folder / '.venv/bin'}:/usr/bin:/bin",
            },
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(TIMES):
        for name, (command, ready, environment) in commands.items():
            start = time.perf_counter()
            with serving(folder, *command, ready=ready, **environment):
                taken[name].append(time.perf_counter() - start)
    rows: list[tuple[str, ...]] = [
        (name, f"{min(several):.2f} s") for name, several in taken.items()
    ]
    return Table(("from the command to the first answer", "clock"), rows)


def _sizes(work: Path, folder: Path) -> Table:
    sizes = {
        "what serves": _installed(_environment(work, folder, "serving")),
        "what trains, by scikit-learn": _installed(_environment(work, folder, "sklearn")),
        "what trains, by TensorFlow too": _installed((folder / ".venv").resolve()),
    }
    (serving, _), *_ = sizes.values()
    rows: list[tuple[str, ...]] = [
        (name, str(packages), f"{megabytes:,.0f} MB", f"{serving / megabytes:.0%}")
        for name, (megabytes, packages) in sizes.items()
    ]
    return Table(("installed, without bytecode", "packages", "size", "serving is"), rows)


def _environment(work: Path, folder: Path, lock: str) -> Path:
    """Install a project's lock into an environment of its own."""
    place = work / lock
    place.mkdir()
    script, file = folder / "src/project/environment.py", folder / f"requirements/{lock}.txt"
    subprocess.run(
        (str(folder / ".venv/bin/python"), str(script), "--lock", str(file)),
        cwd=place,
        env=ENVIRONMENT | {"PATH": f"{folder / '.venv/bin'}:{ENVIRONMENT['PATH']}"},  # its uv
        check=True,
    )
    return place / ".venv"


def _installed(environment: Path) -> tuple[float, int]:
    files = [
        path
        for path in environment.rglob("*")
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"
    ]
    packages = {path.parent for path in files if path.match("*.dist-info/METADATA")}
    return sum(path.stat().st_size for path in files) / 1e6, len(packages)
