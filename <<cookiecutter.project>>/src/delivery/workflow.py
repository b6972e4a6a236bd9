"""Write the pipeline as an Argo WorkflowTemplate and CronWorkflow: `make workflow`.

They follow dvc.yaml and conf/workflow.yaml, and are never edited: a stage more there is a task more
here. A task clones the repository, and shares nothing with the others but the DVC remote.
"""

from pathlib import Path
from typing import Any

from delivery.pipeline_image import image_name
from delivery.repository import code_repository, project_folder
from delivery.stage_graph import Stage, read_stages
from delivery.stage_records import default_remote
from delivery.workflow_settings import WORKFLOW, WorkflowSettings, load_workflow_settings
from delivery.workflow_task import (
    SECURITY,
    TEMPORARY,
    clone_of,
    command_in,
    stage_template,
    task_name,
)
from project.errors import UserError, one_line
from project.files import replacing
from project.loading import load
from project.settings.identity import Project
from project.yaml_text import yaml_text

OUT = Path("build/workflow")
API = "argoproj.io/v1alpha1"
PIPELINE = "pipeline"
COMMIT = "commit"  # the task before all others, and its name among them
HEADER = f"# Made from dvc.yaml and {WORKFLOW} by make workflow: edit there, not here.\n"
WEEK = 7 * 24 * 3600


def workflow_template(
    project: Project, settings: WorkflowSettings, stages: dict[str, Stage]
) -> dict[str, Any]:
    """Return the WorkflowTemplate: a task for each stage, after those whose outputs it reads."""
    refuse_unknown_stages(settings, stages)
    folder = project_folder()
    return {
        "apiVersion": API,
        "kind": "WorkflowTemplate",
        "metadata": metadata(project),
        "spec": {
            "entrypoint": PIPELINE,
            "serviceAccountName": settings.service_account,
            "arguments": {"parameters": arguments(settings)},
            "securityContext": SECURITY,
            **pull_secrets(settings),
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "podGC": {"strategy": "OnPodSuccess"},
            "ttlStrategy": {"secondsAfterCompletion": WEEK},
            "templates": [
                {"name": PIPELINE, "dag": {"tasks": tasks(stages)}},
                commit_template(settings, folder),
                *(
                    stage_template(name, settings.of_stage(name), settings.secrets, folder)
                    for name in stages
                ),
            ],
        },
    }


def cron_workflow(project: Project, settings: WorkflowSettings) -> dict[str, Any]:
    """Return the CronWorkflow: the same template by the clock, one run at a time."""
    return {
        "apiVersion": API,
        "kind": "CronWorkflow",
        "metadata": metadata(project),
        "spec": {
            "schedules": [settings.schedule.cron],
            "timezone": settings.schedule.timezone,
            "suspend": settings.schedule.suspended,
            "concurrencyPolicy": "Forbid",
            "workflowSpec": {"workflowTemplateRef": {"name": project.name}},
        },
    }


def metadata(project: Project) -> dict[str, Any]:
    """Name an object after the project."""
    return {"name": project.name, "labels": {"app.kubernetes.io/part-of": project.name}}


def arguments(settings: WorkflowSettings) -> list[dict[str, str]]:
    """List what a run may be told; an override is what make repro takes."""
    values = {
        "repository": code_repository(),
        "revision": settings.revision,
        "image": image_name(),
        "overrides": "",
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def pull_secrets(settings: WorkflowSettings) -> dict[str, Any]:
    """Name the Secrets that open the image's registry, where there are any."""
    names = settings.secrets.pull
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def tasks(stages: dict[str, Stage]) -> list[dict[str, Any]]:
    """Return the graph: each stage at the commit that the revision was at when the run began."""
    commit = {"name": "commit", "value": f"{{{{tasks.{COMMIT}.outputs.result}}}}"}
    return [
        {"name": COMMIT, "template": COMMIT},
        *(
            {
                "name": task_name(stage.name),
                "template": task_name(stage.name),
                "dependencies": [*map(task_name, stage.after)] or [COMMIT],
                "arguments": {"parameters": [commit]},
            }
            for stage in stages.values()
        ),
    ]


def commit_template(settings: WorkflowSettings, folder: str) -> dict[str, Any]:
    """Return the task that names the commit: a push during a run must not mix two of them."""
    least = settings.defaults
    return {
        "name": COMMIT,
        "inputs": {"artifacts": [clone_of("{{workflow.parameters.revision}}", settings.secrets)]},
        "activeDeadlineSeconds": 600,
        "container": {
            "image": "{{workflow.parameters.image}}",
            **command_in(folder, "delivery.clone_commit"),
            "resources": {"requests": least.requests, "limits": least.limits},
            **TEMPORARY,
        },
    }


def refuse_unknown_stages(settings: WorkflowSettings, stages: dict[str, Stage]) -> None:
    """Raise `UserError` for settings of a stage that dvc.yaml has not, and for names that clash."""
    for name in settings.stages:
        if name not in stages:
            raise UserError(
                f"{WORKFLOW}: stages.{name}: dvc.yaml has no such stage; it has {', '.join(stages)}"
            )
    named: dict[str, str] = {PIPELINE: "the graph itself", COMMIT: "the task that names the commit"}
    for stage in stages:
        task = task_name(stage)
        if task in named:
            raise UserError(
                f"dvc.yaml: stage {stage} would be task {task}, as is {named[task]}; "
                "give it another name"
            )
        named[task] = f"stage {stage}"


def write_workflow() -> None:
    """Write build/workflow/, or leave what is there."""
    default_remote()  # or a refusal
    project = load("project", Project)
    settings = load_workflow_settings()
    documents = {
        "workflow-template.yaml": workflow_template(project, settings, read_stages()),
        "cron-workflow.yaml": cron_workflow(project, settings),
    }
    with replacing(OUT) as temporary:
        temporary.mkdir()
        for name, document in documents.items():
            temporary.joinpath(name).write_text(HEADER + yaml_text(document), encoding="utf-8")


def main() -> None:
    """Write both, and say how they are used."""
    write_workflow()
    print(f"{OUT}/: kubectl apply -f {OUT}")
    print(f"argo submit --from workflowtemplate/{load('project', Project).name} --watch")


if __name__ == "__main__":
    one_line(main)
