"""The clone in which the pipeline runs anew: the user's own files stay as they are."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from delivery.gates.gate import Figures
from project.artefacts import COMPARISON, DVC_LOCK, LABELS, ONNX, PARAMS, TEST, TRAIN
from project.clean_clone import CleanClone, Say
from project.errors import TOO_FEW_ROWS, UserError
from project.files import read_json
from project.git import git, run_git
from project.loading import read_params, read_yaml
from project.overrides import repro_command

BASE = (TRAIN, TEST, ONNX)
REFUSED = "refused: "
LOCAL = Path(".dvc/config.local")


class RefusedModelError(UserError):
    """The pipeline itself refuses what it made."""


class TooFewRowsError(UserError):
    """Two models cannot be told apart: one or the other has learned from the test rows."""


class Workshop:
    """A clone at a commit that shares DVC's cache: what it makes, `dvc checkout` has at once."""

    def __init__(self, commit: str, folder: Path) -> None:
        cache = Path(_dvc("cache", "dir", cwd=Path()).strip()).resolve()
        self.commit = commit
        self._clone = CleanClone("retraining", commit, folder / "clone", cache=str(cache))
        self.project = self._clone.project
        if LOCAL.exists():  # what opens a remote
            shutil.copyfile(LOCAL, self.project / LOCAL)
            _dvc("config", "--local", "cache.dir", str(cache), cwd=self.project)
        self._bases = folder / "bases"

    def base(self, commit: str) -> Path | None:
        """Return a folder with the splits and the model of a commit; None where they are gone."""
        folder = self._bases / commit
        if run_git("checkout", "--quiet", "--detach", commit, cwd=self.project).returncode:
            return None  # a shallow clone has no such commit
        try:
            if not (self.project / DVC_LOCK).exists() or not self._brought(list(map(str, BASE))):
                return None
            for path in BASE:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.project / path, folder / path)
            return folder
        finally:
            git("checkout", "--quiet", "--detach", self.commit, cwd=self.project)

    def bring_data(self) -> None:
        """Bring the user's file here where DVC tracks it, as new as its own source has it."""
        source = read_params(self.project / PARAMS)["source"]
        path = Path(source["path"])
        if source["kind"] != "file" or path.is_absolute() or (self.project / path).exists():
            return
        pointer = self.project / f"{path}.dvc"
        if not pointer.exists():
            raise UserError(
                f"{path}: not committed, so a retraining has no data; commit it, or dvc add it"
            )
        imported = "deps" in read_yaml(pointer.read_text(encoding="utf-8"))
        if imported:
            _dvc("update", "--quiet", pointer.name, cwd=pointer.parent)
        elif not self._brought([str(path)]):
            raise UserError(f"{path}: in no cache, and no remote has it; type: dvc pull {path}")

    def add_labelled(self) -> str:
        """Add predictions whose labels have come; return what was said of them."""
        recording = read_params(self.project / PARAMS)["serving"]["recording"]
        command = ["bin/python", "-m", "monitoring.feedback"]
        command += [str(path.resolve()) for path in (LABELS, Path(recording["folder"]))]
        return _ran(command, self.project).strip()

    def run(self, say: Say) -> None:
        """Fetch again, whether or not DVC knows the result, and run what that changes.

        Raises `RefusedModelError` where the model misses a threshold.
        """
        dvc = ("-m", "dvc", "repro")
        try:
            for command in ((*dvc, "--force", "--single-item", "settings", "fetch"), dvc):
                self._clone.start(say, *command)
                self._clone.wait()
        except UserError as error:
            _, found, why = str(error).partition(REFUSED)
            raise RefusedModelError(why) if found else error from None
        finally:
            self._clone.stop()

    def compare(self, champion: Path, test: Path, learned: Sequence[Path]) -> Figures:
        """Score the new model and the champion on test rows that neither has learned from.

        learned: both models' training rows: rows like them are left out, too, as a request that
        comes again and again lies on both sides of a split.

        Raises `TooFewRowsError` where next to none is left.
        """
        command = ["bin/python", "-m", "pipeline.compare", str(ONNX), str(champion)]
        try:
            _ran([*command, "--test", str(test), "--without", *map(str, learned)], self.project)
        except UserError as error:
            if str(error).startswith(TOO_FEW_ROWS):
                raise TooFewRowsError(str(error)) from None
            raise
        figures: Figures = read_json(self.project / COMPARISON)
        return figures

    def commit_branch(
        self, branch: str, message: str, paths: Sequence[str], identity: Mapping[str, str]
    ) -> str:
        """Commit what the run has changed upon the commit it began from; return the commit.

        identity: git's variables, as a clone has not what the project's own settings say.
        """
        git("checkout", "--quiet", "-B", branch, cwd=self.project)
        git("add", "--all", "--", *paths, cwd=self.project)
        said = ("--quiet", "--no-verify", "--message", message)
        git("commit", *said, cwd=self.project, **identity)
        return git("rev-parse", "HEAD", cwd=self.project)

    def _brought(self, paths: list[str]) -> bool:
        """Bring what DVC tracks out of its cache, else from its remote; tell whether it came."""
        for way in ("checkout", "pull"):
            done = subprocess.run(
                ["bin/python", "-m", "dvc", way, "--quiet", "--force", *paths],
                cwd=self.project,
                capture_output=True,
            )
            if done.returncode == 0 and all((self.project / path).exists() for path in paths):
                return True
        return False


def refuse_without_lock(commit: str) -> None:
    """Raise `UserError` where a commit holds no finished run to start from."""
    if run_git("cat-file", "-e", f"{commit}:./{DVC_LOCK}").returncode:
        raise UserError(f"{DVC_LOCK} is not committed; type: {repro_command()}, then commit it")


def _dvc(*arguments: str, cwd: Path) -> str:
    return _ran(["bin/python", "-m", "dvc", *arguments], cwd)


def _ran(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UserError(said[-1].removeprefix("error: ").removeprefix("ERROR: "))
    return done.stdout
