"""Check the answers, so that no name is generated that a registry or a cluster would refuse."""

import sys

# What `complaint` says of the answers. It is asked while this file is rendered, since there Python
# has loaded what it needs, which takes as long as the start of this process. Valid Python before
# and after rendering: literal leaves no quote that could end the string.
COMPLAINT = "<< cookiecutter | complaint | literal >>"

FRAMEWORKS = ("keras", "sklearn")
LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")

LABEL = r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"
HANDLE = r"@[A-Za-z0-9](-?[A-Za-z0-9]){0,38}(/[a-z0-9][a-z0-9._-]*)?"

# As in OCI references: a first part without a dot or a port is no host, but for localhost.
HOST = r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:[0-9]{1,5})?"
REPOSITORY = r"(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)+"


def complaint(answers: dict[str, object]) -> str | None:
    """Say in one line what is wrong with the first bad answer, and what would be right."""
    for name, (is_right, expected) in RULES.items():
        answer = answers.get(name, "")
        if name in answers and not (isinstance(answer, str) and is_right(answer)):
            return f"{name}: {answer!r} does not do; it must be {expected}"
    return None


def is_label(answer: str) -> bool:
    """Tell whether the answer is a DNS-1123 label, and short enough for names made from it."""
    return matches(LABEL, answer)


def is_line(answer: str) -> bool:
    """Tell whether the answer is one printable line that a template may hold."""
    opens_placeholder = any("<" + mark in answer for mark in "%#<")  # spelt to open none itself
    plain = answer.isprintable() and not opens_placeholder
    return plain and answer == answer.strip() and 1 <= len(answer) <= 80


def is_owner(answer: str) -> bool:
    """Tell whether the answer is a GitHub handle or team, or else a line that names someone."""
    return matches(HANDLE, answer) if answer.startswith("@") else is_line(answer)


def is_registry(answer: str) -> bool:
    """Tell whether the answer is a place in an OCI registry, or a folder here."""
    return answer == "local" or matches(HOST + REPOSITORY, answer)


def is_framework(answer: str) -> bool:
    """Tell whether the answer is a framework that has a default model."""
    return answer in FRAMEWORKS


def is_licence(answer: str) -> bool:
    """Tell whether the answer is a licence whose text the template has."""
    return answer in LICENCES


def matches(pattern: str, answer: str) -> bool:
    """Tell whether the whole answer is as the pattern says."""
    import re  # here, as the hook itself has no use for it

    return bool(re.fullmatch(pattern, answer))


RULES = {
    "project": (
        is_label,
        "1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends,"
        " such as wine-model (it becomes image, release and namespace names)",
    ),
    "title": (is_line, "one line of 1 to 80 printable characters, with no < before a <, % or #"),
    "owner": (
        is_owner,
        "@handle, @organisation/team, or a name or e-mail address (one line, 1 to 80 characters)",
    ),
    "registry": (
        is_registry,
        "local, or a registry's host and a lower-case path, such as ghcr.io/organisation",
    ),
    "framework": (is_framework, " or ".join(FRAMEWORKS)),
    "licence": (is_licence, f"{', '.join(LICENCES[:-1])} or {LICENCES[-1]}"),
}

if __name__ == "__main__":
    sys.exit(COMPLAINT or 0)
