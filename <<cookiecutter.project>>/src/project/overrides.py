"""Settings on the command line: read from make, kept at the head of params.yaml, told in hints."""

import re
import shlex
from collections.abc import Sequence

from project.artefacts import PARAMS
from project.errors import UserError

WITH = "# With: "
INSTEAD = "# Instead of: "


def overrides_from_make(flags: str) -> list[str]:
    """Read Hydra's overrides from MAKEFLAGS: `make repro model=random_forest ENV=dev` has one.

    Read from the environment, not from the recipe's line, since a shell there would take `[64,32]`
    or `;` for its own. Upper-case variables are make's; `UserError` where one was meant for us.
    """
    _, separator, variables = f" {flags}".partition(" -- ")
    words = _words(variables.replace("$$", "$")) if separator else []
    for word in words:
        _refuse_upper_case(word)
    ours = [word for word in words if re.match(r"[+~]*[a-z][\w./@]*=", word)]
    return ours[::-1]  # make lists them from the last to the first


def _words(variables: str) -> list[str]:
    """Part what make has joined: it escapes blanks and backslashes, and leaves quotes alone."""
    lexer = shlex.shlex(variables, posix=True, punctuation_chars="")
    lexer.whitespace_split, lexer.quotes, lexer.commenters = True, "", ""
    return list(lexer)


def _refuse_upper_case(word: str) -> None:
    """Refuse a group's name in capitals; behind the first dot they are the library's: model.C."""
    group = re.split(r"[.=]", word, maxsplit=1)[0]
    if group == group.lower():
        return
    from project.settings.whole import GROUPS

    if re.split(r"\W", group.lower().lstrip("+~"))[0] in {*GROUPS, "experiment"}:
        mended = group.lower() + word.removeprefix(group)
        raise UserError(f"{word}: settings are lower-case: {mended}")


def head_lines(overrides: list[str], instead: list[str]) -> list[str]:
    """Return the lines of params.yaml that remember overrides, and what they stand instead of."""
    lines = ((WITH, overrides), (INSTEAD, instead))
    return [head + shlex.join(words) for head, words in lines if words]


def recorded_overrides(text: str) -> list[str]:
    """Read the overrides back from the head of params.yaml."""
    return _recorded(WITH, text)


def recorded_replaced(text: str) -> list[str]:
    """Read back what the overrides stand instead of; nothing where that was not written."""
    return _recorded(INSTEAD, text)


def _recorded(head: str, text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith(head)]
    return shlex.split(lines[0].removeprefix(head)) if lines else []


def told_at(key: str, file: str, overrides: Sequence[str]) -> str:
    """Say where a setting was told: in the word that set it, else in a file of conf/."""
    for word in reversed(overrides):
        if key_of(word) == key:
            return f"{word} on the command line"
        # A dictionary sets the keys within it; the choice of a group's file sets none of them.
        if "{" in word and key.startswith(f"{key_of(word)}."):
            return f"{word} on the command line: {key}"
    return f"{file}: {key}" if key else file


def key_of(override: str) -> str:
    """Return the key that an override sets."""
    return override.lstrip("+~").partition("=")[0]


def repro_command(overrides: list[str] | None = None, without: str | None = None) -> str:
    """Word the command that repeats a run, the last one where no `overrides` are given.

    They hold for one run only, so a hint tells them again; `without` leaves out a setting's own.
    """
    words = _last_overrides() if overrides is None else overrides
    ours = re.compile(rf"[+~]*{re.escape(without)}\b") if without else None
    kept = [word for word in words if not (ours and ours.match(word))]
    return shlex.join(["make", "repro", *kept])


def _last_overrides() -> list[str]:
    try:
        return recorded_overrides(PARAMS.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no file, or not one of ours
        return []
