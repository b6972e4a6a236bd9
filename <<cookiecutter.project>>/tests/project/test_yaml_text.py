"""What is written as a text is read as that text, in YAML 1.1 and 1.2 and by Hydra."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from project.loading import read_yaml
from project.yaml_text import yaml_text

TEXTS = [
    *("1e5", "1E5", "+1e5", "-1e-5", "1.5e3", ".5e3", "+.5", ".5", "5.", "1.5", "0o7", "0O7"),
    *("0x1F", "0b11", "017", "0777", "00", "08", "1_000", "12:30", "1:2:3", "2026-11-21"),
    *("no", "No", "yes", "on", "OFF", "y", "n", "true", "True", "null", "~", ".inf", "-.Inf"),
    *(".nan", "=", "-", "-1", "+1", "1", "e5", "1e", "0o8", "a:b"),
    *("a\nb", "a\nb\n", " a\n  b\n\n", "a \n# b", "\n", "a\n\n\n"),
]
VALUES = [1, -7, 1.0, 1e-05, 1e22, -0.5, float("inf"), True, None, "", " a", "a: b", "#", "ä", "🍷"]

READERS: dict[str, Callable[[str], Any]] = {
    "YAML 1.1": yaml.safe_load,
    "YAML 1.2": read_yaml,
    "Hydra": lambda text: OmegaConf.to_container(OmegaConf.create(text)),
}


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("reader", READERS)
def test_it_is_read_back_as_it_was(reader: str, flow: bool) -> None:
    value = {"classes": [*TEXTS, *VALUES]}

    read = READERS[reader](yaml_text(value, flow=flow))

    assert [(type(item), item) for item in read["classes"]] == [
        (type(item), item) for item in value["classes"]
    ]


def test_what_needs_no_quotes_has_none(folder: Path) -> None:
    assert yaml_text({"seed": 42, "share": 0.0001, "name": "wine"}) == (
        "seed: 42\nshare: 0.0001\nname: wine\n"
    )


def test_lines_are_written_as_lines(folder: Path) -> None:
    assert yaml_text({"script": "one\ntwo\n"}) == "script: |\n  one\n  two\n"


def test_what_a_caller_changes_is_its_own() -> None:
    read_yaml("a: [1]")["a"].append(2)

    assert read_yaml("a: [1]") == {"a": [1]}
