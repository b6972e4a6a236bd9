"""How long the state of a fleet takes to look at and to change, as models and deploys grow.

By the clock and, in brackets, the processor's time.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.document import Table
from benchmarks.measure import Command, Cost, least, run
from benchmarks.workspace import project
from tests.conftest import git
from tests.deploying import bare, deploy
from tests.test_deploys_at_once import prepare

MODELS = (1, 10, 100, 1000)
ENVIRONMENTS = ("dev", "test", "prod")
DEPLOYS = 5  # of each model to each environment, each a commit
MODEL = "wine-model"  # was deployed before all others: the farthest to look back
TIMES = 3
COMMANDS = {
    "`make status`": "delivery.status",
    "`make history`": "delivery.history",
    "`make audit`": "delivery.audit",
}


def measure(work: Path) -> list[Table]:
    """Return the times of commands in a fleet's repository, by its models."""
    folder = project(work, "fleet")
    for key, value in (("name", "Ada"), ("email", "ada@example.org")):
        git(folder, "config", f"user.{key}", value)
    columns = [_times(work, folder, models) for models in MODELS]
    header = ("models", *(f"{models:,}" for models in MODELS))
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return [Table(header, rows)]


def _times(work: Path, folder: Path, models: int) -> dict[str, str]:
    fleet = bare(work / f"fleet_{models}.git")
    given = {"GITOPS_REPO": str(fleet)}
    assert deploy(folder, 1, MODEL, **given) == ""
    assert deploy(folder, 2, MODEL, **given) == ""
    _fill(fleet, models)
    shutil.rmtree(folder / "build/gitops")
    commits = int(git(fleet, "rev-list", "--count", "gitops"))
    times = {"commits": f"{commits:,}"}
    times["`make status`, the first time"] = _seconds(folder, "delivery.status", fleet, 1)
    for name, module in COMMANDS.items():
        times[name] = _seconds(folder, module, fleet, TIMES)
    times["`make rollback`, a commit"] = _seconds(folder, "delivery.rollback", fleet, 1)
    # Untrained, it has no package: a small one stands in, with the same gates and registry.
    small = work / f"small_{models}"
    small.mkdir()
    for bias, name in ((1.0, "of a first model"), (0.5, "past a champion")):
        prepare(folder, small, toy=bias)
        times[f"`make deploy` {name}"] = _deployed(folder, small / "toy", fleet)
    return times


def _seconds(folder: Path, module: str, fleet: Path, times: int) -> str:
    arguments = ("env", f"GITOPS_REPO={fleet}", "ENV=dev", "bin/python", "-m", module)
    return _told(least([run(Command(arguments, folder)) for _ in range(times)]))


def _deployed(folder: Path, small: Path, fleet: Path) -> str:
    """Deploy a small project by this one's code; MLflow, which is not asked here, is not there."""
    given = (f"GITOPS_REPO={fleet}", "ENV=dev", "MLFLOW_TRACKING_URI=http://127.0.0.1:9")
    python = (f"PYTHONPATH={folder / 'src'}", str(folder / ".venv/bin/python"))
    return _told(run(Command(("env", *given, *python, "-m", "delivery.deploy"), small)))


def _told(cost: Cost) -> str:
    return f"{cost.wall:.2f} s ({cost.cpu:.2f})"


def _fill(fleet: Path, models: int) -> None:
    """Add commits of other models, like those of the one that is there."""
    stream = b"".join(_commits(fleet, models)) + b"done\n"
    command = ["git", "fast-import", "--quiet", "--done"]
    subprocess.run(command, cwd=fleet, input=stream, check=True)


def _commits(fleet: Path, models: int) -> Iterator[bytes]:
    names = git(fleet, "ls-tree", "-r", "--name-only", "gitops").splitlines()
    files = {name: git(fleet, "show", f"gitops:{name}") for name in names}
    record = next(text for name, text in files.items() if "/history/" in name)
    parent = b"from refs/heads/gitops^0\n"
    for number in range(1, models * len(ENVIRONMENTS) * DEPLOYS):
        model = f"model-{number % models:04}"
        environment = ENVIRONMENTS[number // models % len(ENVIRONMENTS)]
        identity = f"{number:018}Z-{number:012x}"
        content = json.dumps(json.loads(record) | {"id": identity, "model": model}, indent=2)
        at = f"{environment}/{model}"
        message = f"Deploy {model} to {environment}\n\nRecord: {identity}\n"
        yield b"commit refs/heads/gitops\ncommitter Ada <ada@example.org> 1790000000 +0000\n"
        yield _data(message) + parent
        parent = b""
        yield _file(f"{at}/config.yaml", f"model: {model}\nnumber: {number}\n")
        yield _file(f"{at}/values.yaml", f"replicas: {number}\n")
        yield _file(f"{at}/history/{identity}.json", content)


def _file(path: str, content: str) -> bytes:
    return f"M 100644 inline {path}\n".encode() + _data(content)


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"
