"""The template from which the project was generated: finding its versions and generating them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from project.errors import UserError
from project.git import git, run_git


@dataclass(frozen=True)
class Version:
    """A template at one moment: its name for the record, its commit if it has one, its files."""

    name: str
    commit: str | None
    files: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.name} at {self.commit[:10]}" if self.commit else self.name


def find_versions(
    recorded: str, commit: str | None, template: str | None, checkout: str | None, work: Path
) -> tuple[Version, Version]:
    """Find the template as the project has it and as it is now."""
    if not (commit or template):
        raise UserError(
            f"{recorded} was read without git and keeps no history: say where the newer template "
            "is, as in make template-update TEMPLATE=slipway-2.zip"
        )
    new = find(template or recorded, checkout, work / "new")
    if commit is None:
        return find(recorded, None, work / "old"), new
    # The old commit is most often in the new clone too, even where the template has moved.
    known = new.commit and has_commit(Path(new.files), commit)
    return find(new.files if known else recorded, commit, work / "old"), new


def find(name: str, checkout: str | None, folder: Path) -> Version:
    """Clone a template into a folder; take one that is not in git as it is."""
    name = resolve(name)
    if is_plain(name):
        if checkout:
            raise UserError(f"{name} is not a git repository, so {checkout} cannot be had from it")
        return Version(name, None, name)
    git("clone", "--quiet", "--", name, str(folder))
    if checkout:
        git("checkout", "--quiet", checkout, "--", cwd=folder)
    return Version(name, git("rev-parse", "HEAD", cwd=folder), str(folder))


def resolve(name: str) -> str:
    """Write a template's name out in full: `gh:` and its like, `~`, a relative path."""
    from cookiecutter.config import get_user_config
    from cookiecutter.repository import expand_abbreviations

    path = Path(name).expanduser()
    if path.exists():
        return str(path.resolve())
    return str(expand_abbreviations(name, get_user_config()["abbreviations"])).removeprefix("git+")


def is_plain(name: str) -> bool:
    """Tell whether a template is a zip or a folder of files, and no repository."""
    folder = Path(name)
    in_folder = (folder / "cookiecutter.json").exists() and not (folder / ".git").exists()
    return name.lower().endswith(".zip") or in_folder


def has_commit(repository: Path, commit: str) -> bool:
    """Tell whether a repository holds a commit."""
    return run_git("cat-file", "-e", f"{commit}^{{commit}}", cwd=repository).returncode == 0


def generate(version: Version, answers: dict[str, str], out: Path) -> tuple[Path, dict[str, str]]:
    """Generate a project without its hooks; return its folder and all answers, new ones as default.

    In a process of its own, as Python would not load the extensions of two versions side by side,
    and with folders of its own, as the user's cookiecutter is none of our business.
    """
    out.mkdir()
    folders = {"cookiecutters_dir": f"{out}/got", "replay_dir": f"{out}/replay"}
    config = out / "config.json"
    config.write_text(json.dumps(folders))
    options = ["--no-input", "--accept-hooks=no", f"--config-file={config}", "--output-dir=made"]
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", *options, "--", version.files]
        + [f"{key}={value}" for key, value in answers.items()],
        cwd=out,
        env={**os.environ, "TMPDIR": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UserError(f"{version} does not generate with your answers: {' '.join(said[-1:])}")
    (project,) = (out / "made").iterdir()
    (replay,) = (out / "replay").iterdir()
    given = json.loads(replay.read_text(encoding="utf-8"))["cookiecutter"]
    return project, {key: given[key] for key in sorted(given) if not key.startswith("_")}
