"""When records came onto the branch: a pull request is merged later than its record was written."""

from datetime import datetime

from delivery.state.objects import Objects
from delivery.state.record import HISTORY, Record, parse_time

#: The branch as it moved on, so that a merge counts as the moment when all it brought came.
LOG = ("log", "--first-parent", "-m", "--diff-filter=A", "--no-renames", "--name-only")


def landings(objects: Objects, tip: str, environment: str, model: str) -> dict[str, datetime]:
    """Return the moment from which each record of a model in an environment was in force, by id."""
    folder = f"{environment}/{model}/{HISTORY}"
    log = objects.text(*LOG, "--format=%x00%cI", tip, "--", folder)
    found = {}
    for commit in filter(None, log.split("\0")):
        moment, *names = filter(None, commit.splitlines())
        for name in names:
            found[name.rpartition("/")[2].removesuffix(".json")] = datetime.fromisoformat(moment)
    return found


def landing(objects: Objects, tip: str, record: Record) -> datetime:
    """Return the moment from which one record was in force; looks back no further than that."""
    found = objects.text(*LOG[:-1], "-1", "--no-patch", "--format=%cI", tip, "--", record.file)
    return datetime.fromisoformat(found) if found else parse_time(record.time)
