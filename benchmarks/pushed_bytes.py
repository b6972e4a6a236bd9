"""What a push sends to a registry: at first, again, and after another training."""

import json
import subprocess
from pathlib import Path

from benchmarks.document import Table
from benchmarks.measure import ENVIRONMENT, run
from benchmarks.workspace import compose, project, repro
from tests.loopback_proxy import Proxy, proxy
from tests.oci_registry import docker_registry

MODELS = {
    "wine, 100 trees": ("model=random_forest",),
    "digits, 300 trees": ("dataset=digits", "model=random_forest", "model.n_estimators=300"),
}
HEADER = ("bytes sent", "model", "first push", "again", "after another training", "of the model")


def measure(work: Path) -> list[Table]:
    """Return the bytes that clients sent, and those of the last push against the model's."""
    with docker_registry() as host, proxy(host) as counted:
        return [Table(HEADER, [_row(work, counted, name) for name in MODELS])]


def _row(work: Path, registry: Proxy, name: str) -> tuple[str, ...]:
    settings = (*MODELS[name], f"project.registry={registry.host}/bench")
    folder = project(work, name.partition(",")[0], *settings)
    run(repro(folder))
    _python(folder, "delivery.keys")
    first, again = _push(registry, folder), _push(registry, folder)
    compose(folder, *settings, "seed=1")
    run(repro(folder))
    anew, model = _push(registry, folder), _model_size(folder)
    sizes = (f"{size:,}" for size in (model, first, again, anew))
    return (name, *sizes, f"**{anew / model:.2f}**")


def _push(registry: Proxy, folder: Path) -> int:
    before = registry.sent
    _python(folder, "delivery.push")
    return registry.sent - before


def _python(folder: Path, module: str) -> None:
    command = ["bin/python", "-m", module]
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


def _model_size(folder: Path) -> int:
    files = json.loads((folder / "dist" / "manifest.json").read_text())["files"]
    (name,) = (one for one in files if one.startswith("bento/") and one.endswith("model.onnx"))
    return Path(folder, "dist", name).stat().st_size
