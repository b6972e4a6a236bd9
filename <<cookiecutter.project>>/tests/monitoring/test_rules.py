"""Each alert fires on the series that it is for, and on no others: by Debian's promtool."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.rules import hastened, rule_groups
from project.artefacts import CHART
from project.errors import UserError
from serving.telemetry import SECONDS

from .alert_cases import CASES, RECORDED, THRESHOLDS, WATCHED, Case

promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
GROUPS = rule_groups(WATCHED, THRESHOLDS)
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for alert in ALERTS:
        assert {case.fires for case in CASES.values() if case.alert == alert} == {True, False}


def firing(alert: str) -> str:
    labels = f'alertname="{alert}",alertstate="firing",model="wine"'
    return f"count(ALERTS{{{labels}}}) or vector(0)"


#: A query, its value, and the series that make it.
Question = tuple[str, float, Case]
FIRING: dict[str, Question] = {
    name: (firing(case.alert), int(case.fires), case) for name, case in CASES.items()
}
# round: sums of floats differ in the last digits, and promtool asks for equality.
KEPT: dict[str, Question] = {
    name: (f"round(sum({query}), 0.001)", expected, Case("", True, series, at="20m"))
    for name, (query, series, expected) in RECORDED.items()
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ask promtool all at once, as its start takes longer than an answer: what it says of each."""
    asked = {
        name: write_question(tmp_path_factory.mktemp("case"), *question)
        for name, question in (FIRING | KEPT).items()
    }
    done = run("test", "rules", *asked.values())
    told = re.split(r"^Unit Testing: +(.+)\n", done.stdout, flags=re.MULTILINE)
    by_path = dict(zip(told[1::2], told[2::2], strict=True))
    return {name: by_path.get(str(path), done.stdout) for name, path in asked.items()}


@promtool
@pytest.mark.parametrize("name", FIRING)
def test_an_alert_fires_when_it_should(name: str, answers: dict[str, str]) -> None:
    assert answers[name].split() == ["SUCCESS"]


@promtool
@pytest.mark.parametrize("name", KEPT)
def test_what_is_recorded_is_what_its_name_says(name: str, answers: dict[str, str]) -> None:
    assert answers[name].split() == ["SUCCESS"]


def write_question(folder: Path, query: str, expected: float, case: Case) -> Path:
    """Write the test of a query as promtool reads it, with the rules that it needs."""
    rules = write(folder / "rules.yaml", {"groups": needed_by(query)})
    samples = [{"value": expected, "labels": "{}"}]
    file = {
        "rule_files": [rules.name],
        "evaluation_interval": case.interval,
        "group_eval_order": [group["name"] for group in GROUPS],  # else a different one each time
        "tests": [
            {
                "interval": case.interval,
                "input_series": case.series,
                "promql_expr_test": [{"expr": query, "eval_time": case.at, "exp_samples": samples}],
            }
        ],
    }
    return write(folder / "case.yaml", file)


def needed_by(query: str) -> list[dict[str, Any]]:
    """Return the groups with the rules that a query names, and those that these name in turn."""
    told, wanted = query, list[dict[str, Any]]()
    while found := [rule for rule in RULES if rule not in wanted and name_of(rule) in told]:
        wanted += found
        told = " ".join(rule["expr"] for rule in found)
    return [each | {"rules": [rule for rule in each["rules"] if rule in wanted]} for each in GROUPS]


def name_of(rule: dict[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


@promtool
def test_promtool_finds_nothing_wrong_also_in_haste(tmp_path: Path) -> None:
    rules = write(tmp_path / "rules.yaml", {"groups": GROUPS})
    hasty = write(tmp_path / "hasty.yaml", {"groups": hastened(GROUPS, 60, 2)})

    done = run("check", "rules", rules, hasty)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("SUCCESS") == 2


def test_haste_shortens_what_somebody_would_wait_for_and_nothing_else() -> None:
    quick = {
        rule["alert"]: rule
        for group in hastened(GROUPS, 60, 1)
        for rule in group["rules"]
        if "alert" in rule
    }

    assert quick.keys() == ALERTS.keys()
    assert quick["ModelAvailabilityBurnsFast"]["for"] == "2s"
    assert "[30s]" in quick["ModelPredictsNothing"]["expr"]
    assert "for" not in quick["ModelDriftFound"]
    for name, rule in quick.items():
        assert rule["labels"] == ALERTS[name]["labels"]
        assert rule["annotations"] == ALERTS[name]["annotations"]


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_it_means_and_points_to_its_page(alert: str) -> None:
    rule = ALERTS[alert]

    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page = Path(rule["annotations"]["runbook_url"])
    assert page == Path(f"docs/runbooks/{alert}.md")
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}\n")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["What it means", "Look", "Do", "Silence"]
    targets = set(re.findall(r"^([a-z-]+):", Path("Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"`make ([a-z-]+)", text))
    assert asked, f"{page} names no make target"
    assert asked <= targets


def test_no_page_is_left_of_an_alert_that_is_gone() -> None:
    assert {page.stem for page in Path("docs/runbooks").glob("Model*.md")} == set(ALERTS)


def test_the_bound_of_latency_is_a_step_of_the_histogram() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    rules = schema["properties"]["monitoring"]["properties"]["rules"]["properties"]

    assert rules["latencySeconds"]["enum"] == [str(step) for step in SECONDS]


def test_a_word_that_stands_for_nothing_is_named() -> None:
    with pytest.raises(UserError) as refused:
        rule_groups(WATCHED, {})

    line = "deploy/chart/rules/recording.yaml: @latencySeconds@ stands for nothing; expected one of"
    assert str(refused.value).startswith(line)


def write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(data))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    pipe, one = subprocess.PIPE, subprocess.STDOUT  # what it says of a failure, in its place
    return subprocess.run(["promtool", *arguments], stdout=pipe, stderr=one, text=True, check=False)
