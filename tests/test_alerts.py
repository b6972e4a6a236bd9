"""The chart's rules: what Helm renders is what a laptop's Prometheus is given, and is valid."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.golden import CASES, COMMITTED, GOLDEN, PROJECT, file_name

# Imported by way of tools.golden, which puts the project's packages on the path.
from monitoring.rules import Watched, default_thresholds, rule_groups  # isort: skip

#: Of the golden cases, those that are rendered with rules.
RULED = [case for case in CASES if case[1] == "bento" and (case[0] == "prod" or case[2])]
IDS = [file_name(*case).removesuffix(".yaml") for case in RULED]


def rules(case: tuple[str, str, bool]) -> list[dict[str, Any]]:
    """Return the PrometheusRules of a golden case."""
    documents = yaml.safe_load_all((GOLDEN / file_name(*case)).read_text(encoding="utf-8"))
    return [each["spec"] for each in documents if each["kind"] == "PrometheusRule"]


def test_rules_come_where_they_were_asked_for_and_the_service_has_metrics() -> None:
    assert [case for case in CASES if rules(case)] == RULED


@pytest.mark.parametrize("case", RULED, ids=IDS)
def test_helm_and_python_fill_in_the_same(
    case: tuple[str, str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    watched = Watched("wine-model", case[0], f"wine-model-{case[0]}", 12 * "a", COMMITTED)

    (spec,) = rules(case)

    assert spec["groups"] == rule_groups(watched, default_thresholds())


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize("case", RULED, ids=IDS)
def test_promtool_finds_nothing_wrong(case: tuple[str, str, bool], tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    (spec,) = rules(case)
    path.write_text(yaml.safe_dump(spec))

    done = subprocess.run(
        ["promtool", "check", "rules", path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "@" not in path.read_text()
