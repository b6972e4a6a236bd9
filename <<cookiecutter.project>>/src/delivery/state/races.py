"""Who was faster, in git's words, and the locks that a killed git leaves behind."""

import re
import time
from pathlib import Path

#: Git holds a branch's lock for milliseconds; one that stays was left by a process that was killed.
STALE_SECONDS = 3.0
#: What git says where another push came first, here or at the remote.
RACES = (
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "but expected",
    ".lock': File exists",
    "reference already exists",
)
#: What no waiting helps against, though git says some of the above as well.
FINAL = ("No space left", "quota exceeded", "Permission denied", "Read-only file system")


class LostRaceError(Exception):
    """Another process has moved the branch first."""


def is_race(output: str) -> bool:
    """Tell from git's words whether somebody else was faster."""
    if any(words in output for words in FINAL):
        return False
    return any(words in output for words in RACES)


def remove_stale_lock(output: str) -> bool:
    """Remove the lock that git complains of where whoever made it is gone; tell whether it is so.

    A lock of a remote on this machine counts too: a kill takes git's other end with it.
    """
    named = re.search(r"Unable to create '([^']+\.lock)': File exists", output)
    if not named:
        return False
    lock = Path(named[1])
    try:
        if time.time() - lock.stat().st_mtime > STALE_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        pass  # released meanwhile, or on another machine
    return True
