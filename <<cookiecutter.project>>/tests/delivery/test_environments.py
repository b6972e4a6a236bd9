"""Environments: what their files may say, and one line for what they may not."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.environments import NAMES, checked_name, load_environment
from project.errors import UserError
from project.loading import read_yaml
from project.yaml_text import yaml_text

CONF = Path("conf/environment")
OWN = {name: (CONF / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}
Refusal = Callable[[Callable[[], None]], str]

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": (
        {"chang_pattern": "x"},
        "chang_pattern: no such setting; take it out or mend its spelling",
    ),
    "a key that is missing": ({"after": ...}, "after: missing"),
    "another environment before it": ({"after": "qa"}, "after: Input should be"),
    "a pattern that is none": ({"change_pattern": "["}, "change_pattern: not a regular expression"),
    "a metric that is none": (
        {"champion": {"margins": {"acuracy": 0.1}, "slices": {}}},
        "champion.margins.acuracy",
    ),
    "a number in words": ({"state": {"by": "mail"}}, "state.by: Input should be 'direct' or"),
    "a moment in words": (
        {"freeze": [{"start": "Christmas", "end": "2027-01-04", "why": "rest"}]},
        "freeze.0.start: expected a moment, such as 2026-12-20T18:00:00Z",
    ),
    "an end before its start": (
        {"freeze": [{"start": "2027-01-04", "end": "2026-12-20", "why": "rest"}]},
        "freeze.0: end: expected after start",
    ),
    "a gate that is none": (
        {"overridable": ["champion", "chmpion"]},
        "overridable.1: no such gate; choose from freeze, change, clean,",
    ),
    "a value of the package's": ({"values": {"image": {"tag": "1"}}}, "values: image comes from"),
}


def given(folder: Path, change: dict[str, Any], name: str = "prod") -> None:
    """Write an environment's file with some keys changed; `...` takes one away."""
    settings = read_yaml(OWN["prod"]) | change
    kept = {key: value for key, value in settings.items() if value is not ...}
    (folder / CONF).mkdir(parents=True)
    (folder / CONF / f"{name}.yaml").write_text(yaml_text(kept), encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_environment_of_this_project_can_be_read(name: str) -> None:
    load_environment(checked_name(name))


@pytest.mark.parametrize(("change", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_in_a_line_with_file_and_key(
    change: dict[str, Any], expected: str, folder: Path, refusal: Refusal
) -> None:
    given(folder, change)

    line = refusal(lambda: load_environment("prod") and None)

    assert line.startswith(f"error: {CONF}/prod.yaml: {expected}")


def test_an_environment_that_is_no_yaml_is_named(folder: Path, refusal: Refusal) -> None:
    (folder / CONF).mkdir(parents=True)
    (folder / CONF / "dev.yaml").write_text("after: [", encoding="utf-8")

    assert "conf/environment/dev.yaml: not YAML" in refusal(
        lambda: load_environment("dev") and None
    )


def test_nothing_comes_before_dev(folder: Path, refusal: Refusal) -> None:
    given(folder, {"after": "test"}, name="dev")

    line = refusal(lambda: load_environment("dev") and None)

    assert line == "error: conf/environment/dev.yaml: after: test does not come before dev"


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("2026-12-19T23:59:59+00:00", None),
        ("2026-12-20T00:00:00+00:00", "rest"),
        ("2026-12-20T00:30:00+01:00", None),
        ("2027-01-04T00:00:00+00:00", None),
    ],
)
@pytest.mark.parametrize("written", ["2026-12-20", "'2026-12-20T00:00:00Z'"])
def test_a_freeze_ends_just_before_its_end(
    written: str, moment: str, why: str | None, folder: Path
) -> None:
    given(folder, {})
    path = folder / CONF / "prod.yaml"
    window = f"freeze: [{{start: {written}, end: 2027-01-04, why: rest}}]"
    path.write_text(path.read_text(encoding="utf-8").replace("freeze: []", window))

    found = load_environment("prod").frozen(datetime.fromisoformat(moment))

    assert (found.why if found else None) == why


@pytest.mark.parametrize("name", ["", "qa", "PROD"])
def test_an_environment_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"expected ENV=dev\|test\|prod"):
        checked_name(name)
