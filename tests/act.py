"""Running a project's workflows by act, without GitHub and without Docker.

Every job begins in an empty folder, as on GitHub. Only what needs GitHub itself has a stand-in:
checkout clones from the bare remote, which takes a push with the job's token alone, caches and
artefacts are folders here, `gh` and `cosign` are programs of tests/stand_ins/.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT, USER, git, run

ACT = Path(sys.executable).with_name("act")
STAND_INS = Path(__file__).with_name("stand_ins")
USES = re.compile(r"uses: +([\w.-]+/[\w.-]+@[0-9a-f]{40})")

REPOSITORY = "team/wine-model"
TOKEN = "a-token"  # a job's own
#: What an action does in place of itself, in bash; inputs come as INPUT_NAME.
STEPS = {
    "actions/checkout": """
        git clone --quiet "$ORIGIN" .
        git checkout --quiet --detach "$INPUT_REF"
        git config user.name "Runner" && git config user.email "runner@example.org"
        ln -s "$ENVIRONMENT" .venv
        mkdir build && mkdir -p "$CHECKS" "$HELM" && ln -s "$CHECKS" "$HELM" build/""",
    "actions/cache": 'mkdir -p "$CACHE" && ln -s "$CACHE" "$INPUT_PATH"',
    "actions/upload-artifact": """
        mkdir -p "$ARTIFACTS/$INPUT_NAME"
        [ ! -e $INPUT_PATH ] || cp -r $INPUT_PATH "$ARTIFACTS/$INPUT_NAME/\"""",
    "actions/download-artifact": """
        mkdir -p "$INPUT_PATH"
        cp -r "$ARTIFACTS/$INPUT_NAME/." "$INPUT_PATH/\"""",
    "actions/attest": """
        mkdir -p "$ARTIFACTS" && test -n "$INPUT_SUBJECT_NAME"
        echo "$INPUT_SUBJECT_DIGEST ${INPUT_SBOM_PATH:-provenance}" >> "$ARTIFACTS/attested\"""",
}
#: Of a runner's own settings; a job's are its own, and what is given to act goes before them.
QUIET = {name: USER[name] for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
DEFAULTS = {"actions/checkout": {"ref": "${{ github.sha }}"}}


@dataclass(frozen=True)
class GitHub:
    """What GitHub holds: the remote, artefacts, caches, and what was asked of `gh`."""

    folder: Path
    origin: Path
    url: str  # where a runner finds origin, which it takes pushes to with a token alone
    environment: Path
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)  # by a webhook, where a secret names one

    @property
    def artefacts(self) -> Path:
        """Where uploads go."""
        return self.folder / "artefacts"

    @property
    def path(self) -> dict[str, str]:
        """The environment in which `gh` and `cosign` are the stand-ins, and no log has colours."""
        path = f"{STAND_INS}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "GH_STATE": str(self.folder / "gh.json"), "NO_COLOR": "1"}

    @property
    def state(self) -> dict[str, Any]:
        """What the stand-in of gh holds."""
        path = self.folder / "gh.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def hold(self, **things: Any) -> None:
        """Have the stand-in of gh hold these in place of what it held of the kind."""
        (self.folder / "gh.json").write_text(json.dumps(self.state | things))

    def approve(self, **people: str) -> None:
        """Say who approved which environment."""
        listed = [
            {
                "state": "approved",
                "user": {"login": who},
                "environments": [{"name": name.replace("_", "-")}],
            }
            for name, who in people.items()
        ]
        self.hold(approvals=listed)

    def run(
        self, name: str, event: str, payload: dict[str, Any], ref: str = "main", **env: str
    ) -> "Run":
        """Run a workflow of the remote's branch or tag, as an event of GitHub does."""
        checkout = self.folder / "act"
        shutil.rmtree(checkout, ignore_errors=True)
        git(self.folder, "clone", "--quiet", str(self.origin), str(checkout))
        git(checkout, "checkout", "--quiet", ref)
        known_to_act(checkout / ".github")
        (self.folder / "event.json").write_text(json.dumps(payload))
        command = [str(ACT), event, "--workflows", f".github/workflows/{name}.yml"]
        command += ["--eventpath", str(self.folder / "event.json"), "--json", "--no-cache-server"]
        command += [
            "--platform",
            "ubuntu-latest=-self-hosted",
            "--no-skip-checkout",
            "--pull=false",
        ]
        command += ["--action-cache-path", str(self.folder / "cache"), "--actor", "ada"]
        command += self._stand_ins(checkout)
        given = {"ORIGIN": self.url, "ENVIRONMENT": str(self.environment)}
        given |= {"CHECKS": str(ROOT / "build/checks")}
        given |= {"CACHE": str(self.folder / "dvc"), "ARTIFACTS": str(self.artefacts)}
        given |= {"GITHUB_REPOSITORY": REPOSITORY, "GH_STATE": str(self.folder / "gh.json")}
        given |= {"HELM": str(ROOT / "build/helm")}
        given |= {"NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0", **QUIET, **env}
        for option, values in (
            ("--env", given),
            ("--var", self.variables),
            ("--secret", self.secrets | {"GITHUB_TOKEN": TOKEN}),
        ):
            for key, value in values.items():
                command += [option, f"{key}={value}"]
        return Run(run(command, checkout, self.path | {"HOME": str(self.folder)}))

    def _stand_ins(self, checkout: Path) -> list[str]:
        """Replace each action that the workflows name by its stand-in, at the pinned commit."""
        found: list[str] = []
        files = [*checkout.glob(".github/workflows/*.yml"), *checkout.glob(".github/actions/*/*")]
        for used in {name for path in files for name in USES.findall(path.read_text())}:
            folder = self.folder / "actions" / used.replace("/", "-")
            if not folder.exists():
                write_stand_in(folder, used.partition("@")[0])
            found += ["--local-repository", f"{used}={folder}"]
        return found


def write_stand_in(folder: Path, action: str) -> None:
    """Write an action that takes any input, and does what STEPS says, or nothing."""
    inputs = ("ref", "path", "name", "subject-name", "subject-digest", "sbom-path")
    defaults = DEFAULTS.get(action, {})
    steps = {
        "run": STEPS.get(action, "true"),
        "shell": "bash",
        "env": {
            f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}"
            for name in inputs
        },
    }
    described = {name: {"description": name, "default": defaults.get(name, "")} for name in inputs}
    made = {"name": action, "description": "A stand-in", "inputs": described}
    made["runs"] = {"using": "composite", "steps": [steps]}
    folder.mkdir(parents=True)
    (folder / "action.yml").write_text(yaml.safe_dump(made))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Stand in")


def known_to_act(folder: Path) -> None:
    """Write as act knows it what GitHub has learnt this year: `$/…` and `queue`."""
    for path in folder.rglob("*.yml"):
        text = path.read_text().replace("uses: $/", "uses: ./")
        path.write_text(re.sub(r"^ *queue: max\n", "", text, flags=re.MULTILINE))


@dataclass(frozen=True)
class Run:
    """What a run of a workflow came to."""

    done: subprocess.CompletedProcess[str]

    @property
    def passed(self) -> bool:
        """Whether all jobs that ran have succeeded."""
        return self.done.returncode == 0

    @property
    def log(self) -> str:
        """All that was said, for people."""
        return "\n".join(str(entry.get("msg", "")) for entry in self._entries) + self.done.stderr

    @property
    def jobs(self) -> dict[str, str]:
        """The result of each job that ran, by the id it has in its file."""
        return {
            entry["jobID"]: entry["jobResult"] for entry in self._entries if "jobResult" in entry
        }

    @property
    def commands(self) -> list[str]:
        """The commands of the steps that ran, in order, stand-ins aside."""
        return [
            str(entry["step"])
            for entry in self._entries
            if entry.get("stage") == "Main" and "stepResult" in entry and "make" in entry["step"]
        ]

    @property
    def _entries(self) -> list[dict[str, Any]]:
        lines = (self.done.stdout + self.done.stderr).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
