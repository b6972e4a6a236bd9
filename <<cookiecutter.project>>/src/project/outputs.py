"""Handing facts from one step of a workflow to the next, and to the reader of a log."""

import os
from collections.abc import Mapping
from pathlib import Path


def hand_on(facts: Mapping[str, str]) -> None:
    """Print facts, and write them where a workflow's next steps find them."""
    lines = [f"{name}={' '.join(value.split())}" for name, value in facts.items()]
    print("\n".join(lines))
    if output := os.environ.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
