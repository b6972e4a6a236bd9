"""The run of a minute: it adds to what conf/ asks for, and takes nothing away."""

import re
import shutil
from pathlib import Path

import pytest

from project.composing import compose
from project.debug import overrides

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("null", "experiment=[debug]"),
        ("wine_quality", "experiment=[wine_quality,debug]"),
        ("[wine_quality]", "experiment=[wine_quality,debug]"),
    ],
)
def test_it_comes_after_the_experiment_that_conf_names(
    named: str, expected: str, tmp_path: Path
) -> None:
    conf = shutil.copytree(CONF, tmp_path / "conf")
    config = conf / "config.yaml"
    config.write_text(re.sub("- experiment: .*", f"- experiment: {named}", config.read_text()))

    assert overrides(conf) == [expected]
    settings = compose(overrides(conf), conf)
    assert settings["split"]["max_rows"] == 1000
    assert (settings["dataset"]["name"] == "wine_quality") == (named != "null")
