"""The chart's recording rules and alerts for a Prometheus without an operator: `make monitor`'s.

The texts in deploy/chart/rules/ are the chart's own; a test holds what is filled in here against
what Helm renders.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.durations import seconds
from project.artefacts import CHART
from project.errors import UserError
from project.loading import read_yaml

RULES = CHART / "rules"
FILES = ("recording", "service", "drift")
#: A rate needs two scrapes, and is no figure with less than four.
SCRAPES = 4

Group = dict[str, Any]


@dataclass(frozen=True)
class Watched:
    """A model in an environment, and where Prometheus finds it.

    committed: when its commit was made, as ISO 8601 with an offset; empty where nobody knows.
    """

    name: str
    environment: str
    namespace: str
    version: str = ""
    committed: str = ""

    def words(self) -> dict[str, str]:
        """Return what stands for each word between two @, thresholds aside."""
        pods = f'namespace="{self.namespace}",service=~"{self.name}(-canary)?"'
        moment = datetime.fromisoformat(self.committed) if self.committed else None
        return {
            "name": self.name,
            "environment": self.environment,
            "namespace": self.namespace,
            "version": self.version,
            "committed": f"{moment.timestamp():.0f}" if moment else "NaN",
            "this": f'model="{self.name}",environment="{self.environment}"',
            "pods": pods,
            "asked": f'{pods},path=~"/predict|/v2/models/.+/infer"',
            "jobs": f'namespace="{self.namespace}",job_name=~"{self.name}-drift-.+"',
        }


def rule_groups(watched: Watched, thresholds: Mapping[str, Any]) -> list[Group]:
    """Return the rules' groups; `thresholds` are the chart's values `monitoring.rules`.

    Raises `UserError` where a rule has a word that stands for nothing.
    """
    words = {key: str(value) for key, value in thresholds.items()} | watched.words()
    return [group for name in FILES for group in _filled(name, words)]


def default_thresholds() -> dict[str, Any]:
    """Return `monitoring.rules` of the chart's values.yaml."""
    values = read_yaml((CHART / "values.yaml").read_text(encoding="utf-8"))
    thresholds: dict[str, Any] = values["monitoring"]["rules"]
    return thresholds


def hastened(groups: list[Group], factor: int, interval: int) -> list[Group]:
    """Return the same rules for somebody who has no hours: each duration is divided by `factor`.

    interval: seconds between two scrapes, and between two looks at the rules. No window becomes
    too short to hold a rate.
    """
    return [
        {
            **group,
            "interval": f"{interval}s",
            "rules": [_hastened(rule, factor, interval) for rule in group["rules"]],
        }
        for group in groups
    ]


def _hastened(rule: dict[str, Any], factor: int, interval: int) -> dict[str, Any]:
    def shorter(found: re.Match[str]) -> str:
        return f"[{max(seconds(found[1]) // factor, SCRAPES * interval)}s]"

    quick = {**rule, "expr": re.sub(r"\[([0-9]+[smhd])\]", shorter, rule["expr"])}
    if "for" in rule:
        quick["for"] = f"{seconds(rule['for']) // factor}s"
    return quick


def _filled(name: str, words: Mapping[str, str]) -> list[Group]:
    path = RULES / f"{name}.yaml"

    def word(found: re.Match[str]) -> str:
        if found[1] not in words:
            known = ", ".join(sorted(words))
            raise UserError(f"{path}: @{found[1]}@ stands for nothing; expected one of {known}")
        return words[found[1]]

    groups: list[Group] = read_yaml(
        re.sub(r"@([A-Za-z]+)@", word, path.read_text(encoding="utf-8"))
    )
    return groups
