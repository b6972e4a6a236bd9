"""All stages in a minute, to see that they work: `make debug`.

It is `make repro experiment=debug` upon the experiment that conf/config.yaml names, whose data and
model are what is to be tried.
"""

from pathlib import Path

from project.artefacts import CONF
from project.errors import one_line
from project.loading import read_yaml
from project.repro import repro

DEBUG = "debug"


def overrides(conf: Path = CONF) -> list[str]:
    """Return the override that adds the experiment `debug` to those that conf/config.yaml names."""
    defaults = read_yaml((conf / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    chosen = next((entry["experiment"] for entry in defaults if "experiment" in entry), None)
    named = chosen if isinstance(chosen, list) else [chosen]
    return [f"experiment=[{','.join([*filter(None, named), DEBUG])}]"]


def main() -> None:
    """Run the stages on a sample, and sum up."""
    repro(overrides())


if __name__ == "__main__":
    one_line(main)
