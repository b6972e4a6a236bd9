"""A clean clone of the project in which stages are run."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread

from rich.console import Console

from project.errors import UserError
from project.git import git

# Every stage is run, and nothing is taken from a cache or left in one.
REPRO = ("-m", "dvc", "repro", "--force", "--no-run-cache", "--no-commit")

Say = Callable[[str], None]


class CleanClone:
    """A clone, and the process that runs its stages."""

    def __init__(self, name: str, commit: str, folder: Path, cache: str = "cache") -> None:
        """Clone the repository at a commit; the environment is the one that runs this.

        cache: DVC's; where a user shares one between projects, a clone has none of it unless told.
        """
        git("clone", "--quiet", "--no-checkout", "--shared", "--", _top(), str(folder))
        git("checkout", "--quiet", "--detach", commit, cwd=folder)
        self.name = name
        self.project = folder / git("rev-parse", "--show-prefix")
        (self.project / ".venv").symlink_to(sys.prefix)
        (self.project / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n")
        # Libraries, and stages that are stopped half-way, leave files of theirs in TMPDIR.
        self._scratch = folder.with_name(f"{folder.name}.tmp")
        self._scratch.mkdir()
        self._said: list[str] = []

    def bring(self, data: Path) -> None:
        """Copy a file into the clone that git does not have."""
        (self.project / data).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data, self.project / data)

    def start(self, say: Say, *command: str) -> None:
        """Begin to run the stages, all of them or by a command; `say` which one it is at."""
        self._process = subprocess.Popen(
            [sys.executable, *(command or REPRO)],
            cwd=self.project,
            env=os.environ | {"TMPDIR": str(self._scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a stage is a child's child, and is stopped with its group
        )
        self._reader = Thread(target=self._follow, args=(say,), daemon=True)
        self._reader.start()

    def wait(self) -> None:
        """Wait for the last stage; `UserError` with what the stage said where one failed."""
        code = self._process.wait()
        self._reader.join()
        if code:
            errors = [line for line in self._said if line.lower().startswith("error: ")]
            why = errors[0][len("error: ") :] if errors else "DVC failed and said nothing"
            raise UserError(f"{self.name} clone: {why}")

    def stop(self) -> None:
        """End whatever still runs."""
        process = getattr(self, "_process", None)
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _follow(self, say: Say) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.append(line.strip())
            if line.startswith("Running stage "):
                say(line.split("'")[1])


def run_stages(clones: list[CleanClone], console: Console) -> None:
    """Run the stages of each clone, side by side where there are two cores."""
    together = (os.cpu_count() or 1) > 1
    with _progress(console) as report:
        try:
            for clone in clones:
                clone.start(partial(report, clone.name))
                if not together:
                    clone.wait()
            for clone in clones:
                clone.wait()
        finally:
            for clone in clones:
                clone.stop()


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, str], None]]:
    """Show where each clone is: on one line of a terminal, as a line for each stage elsewhere."""
    if not console.is_terminal:
        yield lambda name, stage: console.print(f"{name} clone: {stage}")
        return
    at: dict[str, str] = {}
    with console.status("Cloning") as status:

        def show(name: str, stage: str) -> None:
            at[name] = stage
            status.update(" · ".join(f"{clone} clone: {now}" for clone, now in sorted(at.items())))

        yield show


def _top() -> str:
    return git("rev-parse", "--show-toplevel")
