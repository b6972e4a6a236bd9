"""`make chart`: lint the chart, and write its README's list of values from their comments."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from delivery.helm import lint
from project.artefacts import CHART
from project.errors import UserError, one_line
from project.files import write_text
from project.loading import read_yaml

VALUES = CHART / "values.yaml"
README = CHART / "README.md"
BEGIN, END = "<!-- values: written by make chart -->", "<!-- end of values -->"
#: What a package brings, so that lint sees the chart as it is used.
EXAMPLE = {
    "model": {"repository": "registry.invalid/model", "digest": f"sha256:{64 * 'a'}"},
    "image": {"repository": "registry.invalid/model-service", "tag": 12 * "a"},
}
LINE = re.compile(r"( *)([A-Za-z]+):(?: |$)")


class Value(NamedTuple):
    """A value that has a comment of its own: its path, default and meaning."""

    path: str
    default: Any
    meaning: str


def documented(text: str) -> Iterator[Value]:
    """Yield the values of values.yaml, in order; `UserError` names one without a comment.

    A comment stands on the line above, and covers what is below where that has none.
    """
    data = read_yaml(text)
    path: list[str] = []
    comment, covered = "", 99
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comment = stripped.removeprefix("#").strip()
            continue
        found = LINE.match(line)
        depth = len(found[1]) // 2 if found else 0
        if not found or depth > covered:
            comment = ""
            continue
        path[depth:] = [found[2]]
        default = data
        for key in path:
            default = default[key]
        covered = depth if comment else 99
        if comment:
            yield Value(".".join(path), default, comment)
        elif not isinstance(default, dict):
            raise UserError(
                f"{VALUES}: line {number}: {'.'.join(path)}: no comment says what it is"
            )
        comment = ""


def table(values: Iterator[Value]) -> str:
    """Write values as a table of Markdown."""
    rows = ["| value | default | what it is |", "| --- | --- | --- |"]
    for path, default, meaning in values:
        shown = json.dumps(default, ensure_ascii=False)
        rows.append(f"| `{path}` | `{shown}` | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def readme(text: str) -> str:
    """Return the README with the values as they are; `UserError` where it has no place for them."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise UserError(f"{README}: expected the lines {BEGIN} and {END}; put them back")
    values = table(documented(VALUES.read_text(encoding="utf-8")))
    return f"{head}{BEGIN}\n{values}\n{END}{tail}"


def main() -> None:
    """Lint, and write."""
    lint(EXAMPLE)
    write_text(README, readme(README.read_text(encoding="utf-8")))
    print(f"{CHART}/: lint is clean, {README} is up to date")


if __name__ == "__main__":
    one_line(main)
