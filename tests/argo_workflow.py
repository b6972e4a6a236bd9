"""What Argo does with a WorkflowTemplate, so far as ours uses it, without a cluster.

A task runs in a folder of its own that takes the place of its pod: with the clone that the template
asks for, the template's command and environment, and nothing else.
"""

import json
import re
import shutil
import subprocess
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .conftest import git


@dataclass
class Run:
    """A run of a workflow: the arguments given, where its pods are, what Python its image has."""

    template: Path
    arguments: dict[str, str]
    pods: Path
    python: Path
    name: str = "wine-model-x7f2k"
    results: dict[str, str] = field(default_factory=dict)
    failed: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the template."""
        self.spec = yaml.safe_load(self.template.read_text(encoding="utf-8"))["spec"]
        self.templates = {template["name"]: template for template in self.spec["templates"]}
        given = {entry["name"]: entry["value"] for entry in self.spec["arguments"]["parameters"]}
        values = given | self.arguments
        self.known = {f"workflow.parameters.{name}": value for name, value in values.items()}
        self.known["workflow.name"] = self.name
        # The image is a small one: no git.
        self.programs = self.pods / "bin"
        self.programs.mkdir()
        for program in ("sh", "dirname"):
            (self.programs / program).symlink_to(str(shutil.which(program)))

    def run(self, together: int) -> list[str]:
        """Run each task once those it depends on have ended well, so many at a time."""
        tasks = {
            task["name"]: task for task in self.templates[self.spec["entrypoint"]]["dag"]["tasks"]
        }
        ended: list[str] = []
        under_way: dict[Future[None], str] = {}
        with ThreadPoolExecutor(together) as pool:
            while True:
                begun = {*ended, *self.failed, *under_way.values()}
                for name, task in tasks.items():
                    if name not in begun and {*task.get("dependencies", [])} <= {*ended}:
                        under_way[pool.submit(self.run_task, task)] = name
                if not under_way:
                    return ended
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    name = under_way.pop(future)
                    future.result()
                    if name not in self.failed:
                        ended.append(name)

    def run_task(self, task: dict[str, Any]) -> None:
        """Run one task in its pod, and keep what it said."""
        name = task["name"]
        given = {
            f"inputs.parameters.{entry['name']}": self.filled(entry["value"], {})
            for entry in task.get("arguments", {}).get("parameters", [])
        }
        template = self.filled(self.templates[task["template"]], given)
        pod = self.pods / name
        for artifact in template["inputs"]["artifacts"]:
            clone = within(pod, artifact["path"])
            git(self.pods, "clone", "--quiet", artifact["git"]["repo"], str(clone))
            git(clone, "checkout", "--quiet", "--detach", artifact["git"]["revision"])
        container = template["container"]
        for mount in container["volumeMounts"]:
            within(pod, mount["mountPath"]).mkdir()
        words = [*container["command"], *container.get("args", [])]
        environment = {entry["name"]: entry["value"] for entry in container["env"]}
        done = subprocess.run(
            [str(within(pod, word)) if word.startswith("/") else word for word in words],
            cwd=within(pod, container.get("workingDir", "/")),
            env={
                "PATH": str(self.programs),
                "SLIPWAY_PYTHON": str(self.python),
                **{key: str(within(pod, value)) for key, value in environment.items()},
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.results[f"tasks.{name}.outputs.result"] = done.stdout.strip()
        if done.returncode:
            self.failed[name] = done

    def filled(self, value: Any, given: dict[str, str]) -> Any:
        """Put values into `{{…}}`, as Argo does: into the template as JSON."""
        known = self.known | self.results | given
        return json.loads(
            re.sub(
                r"\{\{([\w.-]+)\}\}",
                lambda match: json.dumps(known[match[1]])[1:-1],
                json.dumps(value),
            )
        )


def within(pod: Path, path: str) -> Path:
    """Return where a path of the pod lies here."""
    return pod / path.lstrip("/")
