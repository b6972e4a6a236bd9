"""Which parts of the project a pull request touches: `make changed BASE=commit`.

Runs on the machine's own Python, before there is an environment: what need not run costs seconds.
The answers are printed, and go to GITHUB_OUTPUT where GitHub names that file.
"""

import os
import subprocess
import sys
from pathlib import Path

#: By the check that a change of these files asks for; a folder ends with a slash.
PARTS = {
    "code": (
        *("src/", "tests/", "bin/", "Makefile", "pyproject.toml", "requirements/", ".github/"),
        # What tests hold against the code as it stands, and not as a copy of theirs.
        *("deploy/", "docs/runbooks/", "docs/drift.md", "dvc.yaml"),
        *("conf/environment/", "conf/monitoring.yaml", "conf/source/"),
    ),
    "pipeline": (
        *("src/project/", "src/pipeline/", "src/tracking/", "src/reporting/", "src/serving/"),
        *(
            "conf/",
            "inputs/",
            "feedback/",
            "dvc.yaml",
            "dvc.lock",
            "params.yaml",
            "requirements/",
            "deploy/",
        ),
        *("src/delivery/", "src/automation/", ".dvc/", "bin/", "Makefile", ".github/"),
    ),
    "dependencies": ("requirements/", ".github/", "Makefile"),
    "workflows": (".github/",),
}


def main() -> None:
    """Print `part=true` or `part=false` for each part."""
    base = os.environ.get("BASE", "")
    if not base:
        sys.exit("error: BASE: compared with what? type: make changed BASE=main")
    answers = [f"{part}={str(asked).lower()}" for part, asked in parts(changed(base)).items()]
    print("\n".join(answers))
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{answer}\n" for answer in answers)


def parts(files: list[str]) -> dict[str, bool]:
    """Say of each part whether one of these files belongs to it."""
    return {
        part: any(belongs(name, path) for name in files for path in paths)
        for part, paths in PARTS.items()
    }


def belongs(name: str, path: str) -> bool:
    """Tell whether a file is the one at `path`, or lies in it where it is a folder."""
    return name.startswith(path) if path.endswith("/") else name == path


def changed(base: str) -> list[str]:
    """List the files in which HEAD differs from where it left `base`, from the project's folder."""
    command = ["git", "diff", "--name-only", "--no-renames", "--relative", "-z", f"{base}...HEAD"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: BASE={base}: {' '.join(done.stderr.split())}")
    return [name for name in done.stdout.split("\0") if name]


if __name__ == "__main__":
    main()
