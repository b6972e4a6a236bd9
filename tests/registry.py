"""Reading back what a project has registered, in the project's own environment."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import run


def register_and_die(
    project: Path, method: str, store: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Register, and be killed where a method of MLflow's client is called."""
    return python(project, KILLED.format(method=method), store)


def versions(project: Path, store: dict[str, str], every: bool = False) -> list[dict[str, Any]]:
    """Read back the versions of a project's inputs, or every one in the store."""
    done = python(project, READ.format(every=every), store)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def python(project: Path, code: str, store: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run code in a project's environment, with its store for MLflow's own."""
    environment = {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"} | store
    return run(["bin/python", "-c", code], project, environment)


KILLED = """
import os, signal
from mlflow import MlflowClient
from tracking.register import main
MlflowClient.{method} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
main()
"""

READ = """
import hashlib, json, logging, mlflow, numpy, onnxruntime, pandas
from mlflow import MlflowClient
from pathlib import Path
from project.dvc_lock import of_model, read_lock
from project.files import read_json, sha256
from tracking.provenance import provenance

logging.getLogger("mlflow").setLevel("ERROR")
stages = of_model(read_lock(Path("dvc.lock").read_text()))
judged_sha256 = provenance("", stages)["judged_sha256"]
client, read = MlflowClient(), []
golden = read_json(Path("reports/golden.json"))
frame = pandas.DataFrame(golden["inputs"])
expected = numpy.array([list(row["probabilities"].values()) for row in golden["outputs"]])


def artifacts(run_id, path=None):
    for entry in client.list_artifacts(run_id, path):
        yield from artifacts(run_id, entry.path) if entry.is_dir else [entry.path]


def worst(probabilities):
    return float(numpy.abs(numpy.array(probabilities) - expected).max())


for found in client.search_model_versions("name = 'wine-model'"):
    if not {every} and found.tags["judged_sha256"] != judged_sha256:
        continue
    uri = f"models:/wine-model/{{found.version}}"
    run = client.get_run(found.run_id)
    model = mlflow.pyfunc.load_model(uri)
    graph = mlflow.onnx.load_model(uri).SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(graph)
    feed = {{name: frame[[name]].to_numpy("float32") for name in frame}}
    query = f"tags.judged_sha256 = '{{judged_sha256}}' and attributes.status != 'FINISHED'"
    file = Path(mlflow.artifacts.download_artifacts(uri)) / "data/model.onnx"
    read.append({{
        "version": str(found.version),
        "tags": found.tags,
        "aliases": list(client.get_model_version("wine-model", found.version).aliases),
        "status": run.info.status,
        "unfinished": len(client.search_runs([run.info.experiment_id], query)),
        "params": run.data.params,
        "metrics": run.data.metrics,
        "artifacts": list(artifacts(found.run_id)),
        "inputs": {{c.name: c.type.name for c in model.metadata.signature.inputs.inputs}},
        "example": len(model.input_example),
        "model_sha256": sha256(file),
        "worst_by_frame": worst(model.predict(frame)["probabilities"].tolist()),
        "worst_by_onnx": worst(session.run(["probabilities"], feed)[0]),
    }})
print(json.dumps(sorted(read, key=lambda version: int(version["version"]))))
"""
