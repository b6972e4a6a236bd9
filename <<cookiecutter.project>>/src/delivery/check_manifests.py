"""Is what Kubernetes would be given valid? `make check-manifests`.

The chart is rendered for each environment with the package in dist/, or where there is none with
that of the last `make debug`, and each document of a kind of Kubernetes itself is held against its
schema, strictly. Kinds that operators bring are named and left to `make preflight`, which asks the
cluster: their schemas are the operators' and not here.
"""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from delivery.environments import NAMES
from delivery.manifests import candidate_manifests
from delivery.requirements import OPERATORS
from project.artefacts import MANIFEST, PACKAGE
from project.check_tools import tool
from project.debug import last
from project.errors import UserError, one_line

#: The API of the cluster that manifests must suit at least: image volumes are on since then.
KUBERNETES = "1.35"


def check(name: str, manifests: dict[str, str], validator: str) -> list[str]:
    """Hold an environment's manifests against the schemas; return the kinds that have none here."""
    others: list[str] = []
    with TemporaryDirectory() as folder:
        ours = []
        for file, text in manifests.items():
            document = yaml.safe_load(text)
            if document["apiVersion"].partition("/")[0] in OPERATORS:
                others.append(document["kind"])
                continue
            ours.append(str(Path(folder, file)))
            Path(ours[-1]).write_text(text, encoding="utf-8")
        command = [validator, "--strict", "--kubernetes-version", KUBERNETES, *ours]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = (done.stdout + done.stderr).replace(f"{folder}/", "").strip().splitlines()
            wrong = [line for line in said if "INFO" not in line] or ["no reason given"]
            raise UserError(f"{name}: {' '.join(wrong)}")
    print(f"{name}: {len(ours)} manifests as Kubernetes {KUBERNETES} has them", end="")
    print(f"; unchecked, see make preflight: {', '.join(sorted(others))}" if others else "")
    return others


def main() -> None:
    """Render and check each environment."""
    package = PACKAGE if MANIFEST.exists() else last() / PACKAGE
    for name in NAMES:
        check(name, candidate_manifests(name, package), tool("kubernetes-validate"))


if __name__ == "__main__":
    one_line(main)
