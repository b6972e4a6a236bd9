"""The chart with which something was deployed, as git has it at that commit."""

import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery.state.record import State
from project.artefacts import CHART

COMMIT = re.compile("[0-9a-f]{40,64}")


@contextmanager
def deployed_chart(state: State) -> Iterator[Path]:
    """Yield a folder that holds the chart which a state names.

    Where this clone has no such commit it is today's chart, and a warning says so.
    """
    source = state.settings.get("chart") or {}
    revision, path = (str(source.get(key, "")) for key in ("revision", "path"))
    content = _archive(f"{revision}:{path}") if COMMIT.fullmatch(revision) else None
    if content is None:
        which = f"of commit {revision[:10]}" if revision else "that it was deployed with"
        print(f"warning: the chart {which} is not here; rendered by today's", file=sys.stderr)
        yield CHART
        return
    with TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder, filter="data")
        yield Path(folder)


def _archive(tree: str) -> bytes | None:
    done = subprocess.run(["git", "archive", "--format=tar", tree], capture_output=True)
    return None if done.returncode else done.stdout
