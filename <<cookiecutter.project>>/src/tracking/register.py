"""File the judged model in MLflow as a run and a model version: `make register`.

The version comes last and carries the digest of what was judged. So it is there or it is not: a
run that a kill left without a version is thrown away, and the same data, model and settings never
make a second version.
"""

import tempfile
from pathlib import Path
from typing import Any

from project.artefacts import DVC_LOCK, EVALUATION, GOLDEN, ONNX, REGISTERED, TRAINING
from project.dvc_lock import of_model, read_lock, refuse_stale
from project.errors import UserError, one_line
from project.files import read_json, write_json
from project.git import is_vague
from project.loading import load
from project.overrides import repro_command
from project.settings.identity import Tracking
from tracking.mlflow_model import write_model
from tracking.provenance import IDENTITY, provenance
from tracking.run_log import log_run
from tracking.store import connect, experiment_id, one_at_a_time, shown, store_errors, tracking_uri

ALIAS = "candidate"


def register() -> str:
    """Register what dvc.lock records, once; return a line that says where it is.

    Raises `UserError` where artefacts are missing or stale, the verdict is `refused`, or the store
    does not answer.
    """
    stages, evaluation = judged()
    tags = provenance(evaluation["verdict"], stages)
    settings, uri = load("tracking", Tracking), tracking_uri()
    with one_at_a_time():
        client = connect(uri)
        with store_errors(uri):
            found = find_version(client, settings.model, tags)
            version = found or add_version(client, settings, uri, tags, stages)
            finish(client, version, tags)
        write_json(
            REGISTERED,
            {
                "name": version.name,
                "version": str(version.version),
                "tracking_uri": shown(uri),
                "run_id": version.run_id,
                "model_digest": tags["model_sha256"],
            },
        )
    name = f"{version.name} version {version.version}"
    said = f"{name} is registered already" if found else f"registered {name}"
    return f"{said} ({shown(uri)})"


def judged() -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what the stages made, provided that it belongs together and passed."""
    if not DVC_LOCK.exists():
        raise UserError(f"{DVC_LOCK}: no such file, nothing has been run; type: {repro_command()}")
    stages = of_model(read_lock(DVC_LOCK.read_text(encoding="utf-8")))
    if "evaluate" not in stages:
        raise UserError(f"{DVC_LOCK}: no model has been evaluated; type: {repro_command()}")
    refuse_stale(stages)
    evaluation: dict[str, Any] = read_json(EVALUATION)
    if evaluation["verdict"] != "passed":
        raise UserError(
            f"the model is refused, so it is not registered: {'; '.join(evaluation['reasons'])}"
        )
    return stages, evaluation


def find_version(client: Any, model: str, tags: dict[str, str]) -> Any:
    """Return the version of what was judged, or None."""
    query = f"name = '{model}' and tags.{IDENTITY} = '{tags[IDENTITY]}'"
    found = client.search_model_versions(query)
    return min(found, key=lambda version: int(version.version)) if found else None


def add_version(
    client: Any, settings: Tracking, uri: str, tags: dict[str, str], stages: dict[str, Any]
) -> Any:
    """Log a run with its model, and make a version of it."""
    experiment = experiment_id(client, settings.experiment, uri)
    discard_unfinished(client, experiment, tags)
    kind = read_json(TRAINING)["model"]
    description = f"{kind} on {summary(read_json(EVALUATION))}"
    run = client.create_run(
        experiment,
        tags=tags | {"mlflow.note.content": description},
        run_name=f"{kind}-{tags['model_sha256'][:8]}",
    )
    run_id = run.info.run_id
    model = client.create_logged_model(experiment, settings.model, source_run_id=run_id, tags=tags)
    log_run(client, run_id, model.model_id, stages)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        write_model(folder, ONNX, read_json(GOLDEN), run_id, model.model_id)
        client.log_model_artifacts(model.model_id, str(folder))
    client.finalize_logged_model(model.model_id, "READY")
    ensure_model(client, settings.model)
    return client.create_model_version(
        settings.model,
        source=f"models:/{model.model_id}",
        run_id=run_id,
        tags=tags,
        description=description,
        model_id=model.model_id,
    )


def discard_unfinished(client: Any, experiment: str, tags: dict[str, str]) -> None:
    """Delete runs of these inputs that a kill left without a version, and their models."""
    query = f"tags.{IDENTITY} = '{tags[IDENTITY]}' and attributes.status != 'FINISHED'"
    for run in client.search_runs([experiment], query):
        models = f"source_run_id = '{run.info.run_id}'"
        for model in client.search_logged_models([experiment], models):
            client.delete_logged_model(model.model_id)
        client.delete_run(run.info.run_id)


def ensure_model(client: Any, name: str) -> None:
    """Make the registered model where it is not there yet."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)


def finish(client: Any, version: Any, tags: dict[str, str]) -> None:
    """Do what follows a new version; what a kill left undone is done the next time.

    A version that was made before its inputs were committed learns of the commit, and of its lock.
    """
    if client.get_run(version.run_id).info.status != "FINISHED":
        client.set_terminated(version.run_id, "FINISHED")
    commit = tags["git_commit"]
    if is_vague(version.tags["git_commit"]) and commit != version.tags["git_commit"]:
        for tag in ("dvc_lock_sha256", "git_commit"):  # the commit last: a kill is made good
            client.set_model_version_tag(version.name, version.version, tag, tags[tag])
            client.set_tag(version.run_id, tag, tags[tag])
        client.log_artifact(version.run_id, str(DVC_LOCK))
    (newest,) = client.search_model_versions(
        f"name = '{version.name}'", max_results=1, order_by=["version_number DESC"]
    )
    client.set_registered_model_alias(version.name, ALIAS, newest.version)


def summary(evaluation: dict[str, Any]) -> str:
    """Sum an evaluation up by its primary metric."""
    primary = evaluation["primary"]
    row = evaluation["metrics"][primary]
    interval = "" if row["low"] is None else f" ({row['low']:.4g} to {row['high']:.4g})"
    return f"{evaluation['dataset']}: {primary} {row['value']:.4g}{interval}"


def main() -> None:
    """Register, and say so."""
    print(register())


if __name__ == "__main__":
    one_line(main)
