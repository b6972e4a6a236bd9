"""Check the answers, so that no name is generated that a registry or a cluster would refuse."""

import json
import re
import sys
from collections.abc import Callable, Mapping

# Valid Python before and after rendering: tojson leaves no quote that could end the string.
ANSWERS = r"""<< cookiecutter | tojson >>"""

FRAMEWORKS = ("keras", "sklearn")
LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
HANDLE = re.compile(r"@[A-Za-z0-9](-?[A-Za-z0-9]){0,38}(/[a-z0-9][a-z0-9._-]*)?")

# As in OCI references: a first part without a dot or a port is no host, but for localhost.
HOST = r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:[0-9]{1,5})?"
REPOSITORY = r"(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)+"
REGISTRY = re.compile(HOST + REPOSITORY)

# What opens a placeholder, spelt so that this file holds none.
PLACEHOLDER = re.compile(r"<[%#<]")


def complaint(answers: Mapping[str, object]) -> str | None:
    """Say in one line what is wrong with the first bad answer, and what would be right."""
    for name, (is_right, expected) in RULES.items():
        answer = answers.get(name, "")
        if name in answers and not (isinstance(answer, str) and is_right(answer)):
            return f"{name}: {answer!r} does not do; it must be {expected}"
    return None


def is_line(answer: str) -> bool:
    """Tell whether the answer is one printable line that a template may hold."""
    plain = answer.isprintable() and not PLACEHOLDER.search(answer)
    return plain and answer == answer.strip() and 1 <= len(answer) <= 80


def is_owner(answer: str) -> bool:
    """Tell whether the answer is a GitHub handle or team, or else a line that names someone."""
    return bool(HANDLE.fullmatch(answer)) if answer.startswith("@") else is_line(answer)


RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "project": (
        LABEL.fullmatch,
        "1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends,"
        " such as wine-model (it becomes image, release and namespace names)",
    ),
    "title": (is_line, "one line of 1 to 80 printable characters, with no < before a <, % or #"),
    "owner": (
        is_owner,
        "@handle, @organisation/team, or a name or e-mail address (one line, 1 to 80 characters)",
    ),
    "registry": (
        lambda answer: answer == "local" or REGISTRY.fullmatch(answer),
        "local, or a registry's host and a lower-case path, such as ghcr.io/organisation",
    ),
    "framework": (FRAMEWORKS.__contains__, " or ".join(FRAMEWORKS)),
    "licence": (LICENCES.__contains__, f"{', '.join(LICENCES[:-1])} or {LICENCES[-1]}"),
}

if __name__ == "__main__":
    sys.exit(complaint(json.loads(ANSWERS)))
