"""Each alert fires on the series that it is for, and on no others: by Debian's promtool."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from monitoring.rules import Watched, default_thresholds, hastened, rule_groups
from project.errors import UserError
from serving.telemetry import SECONDS

THRESHOLDS = default_thresholds() | {"staleDays": 2, "driftHours": 5, "quietMinutes": 30}
#: promtool's clock begins with 1970.
WATCHED = Watched("wine", "prod", "wine-prod", "abc", committed="1970-01-01T01:00:00+00:00")
POD = 'namespace="wine-prod",service="wine",job="wine",pod="a"'
CANARY = 'namespace="wine-prod",service="wine-canary",job="wine-canary",pod="b"'
ANOTHER = 'namespace="wine-test",service="wine",job="wine",pod="a"'
DRIFT = 'model="wine",environment="prod",model_version="abc"'
JOB = 'namespace="wine-prod",job_name="wine-drift'

Series = dict[str, str]
promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")


class Case(NamedTuple):
    """Series, and an alert that they make fire, or not, at a time; interval: between samples."""

    alert: str
    fires: bool
    series: list[Series]
    at: str
    interval: str = "1m"


def valued(name: str, labels: str, values: str) -> Series:
    return {"series": f"{name}{{{labels}}}", "values": values}


def counted(name: str, labels: str, each: float, *, times: int = 1000) -> Series:
    """Return a series that counts so many at each interval."""
    return valued(name, labels, f"0+{each}x{times}")


def answers(labels: str, failing: float, status: str = "500") -> list[Series]:
    """Return a hundred requests at each interval, of which so many fail."""
    path = 'path="/predict"'
    return [
        counted("model_requests_total", f'{labels},{path},status="200"', 100 - failing),
        counted("model_requests_total", f'{labels},{path},status="{status}"', failing),
    ]


def speeds(labels: str, slow: float, path: str = "/predict") -> list[Series]:
    """Return a hundred answers at each interval, of which so many take too long."""
    name, labels = "model_request_seconds", f'{labels},path="{path}"'
    return [
        counted(f"{name}_bucket", f'{labels},le="0.25"', 100 - slow),
        counted(f"{name}_bucket", f'{labels},le="+Inf"', 100),
        counted(f"{name}_count", labels, 100),
    ]


def rows(labels: str, values: str) -> list[Series]:
    return [valued("model_batch_rows_sum", labels, values)]


def quality(kept: int) -> list[Series]:
    labels = f'{DRIFT},metric="rmse"'
    return [
        valued("model_quality", labels, "0.7x10"),
        valued("model_quality_kept", labels, f"{kept}x10"),
    ]


def job(number: int, start: int, *, failed: int) -> list[Series]:
    """Return what kube-state-metrics tells of a drift job."""
    labels = f'{JOB}-{number}"'
    series = [
        valued("kube_job_status_start_time", labels, f"{start}x60"),
        valued("kube_job_status_failed", f'{labels},reason="PodFailurePolicy"', f"{failed}x60"),
    ]
    if not failed:
        series.append(valued("kube_job_status_completion_time", labels, f"{start + 90}x60"))
    return series


#: 0.5 % of the requests may fail and 1 % of the answers be slow, by the chart's own defaults.
CASES = {
    "one in ten fails for an hour": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 10), at="65m"
    ),
    "one in twenty-five fails for six hours": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 4), at="370m", interval="5m"
    ),
    "one in ten is turned away": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 10, "429"), at="65m"
    ),
    "the canary alone fails, with half of the requests": Case(
        "ModelAvailabilityBurnsFast", True, answers(POD, 0) + answers(CANARY, 20), at="65m"
    ),
    "one in fifty fails": Case("ModelAvailabilityBurnsFast", False, answers(POD, 2), at="65m"),
    "it failed, and does no more": Case(
        "ModelAvailabilityBurnsFast",
        False,
        [
            valued("model_requests_total", f'{POD},path="/predict",status="200"', "0+90x500"),
            valued(
                "model_requests_total", f'{POD},path="/predict",status="500"', "0+10x30 300x470"
            ),
        ],
        at="65m",
    ),
    "who asks makes mistakes": Case(
        "ModelAvailabilityBurnsFast", False, answers(POD, 50, "422"), at="65m"
    ),
    "another environment fails": Case(
        "ModelAvailabilityBurnsFast", False, answers(POD, 0) + answers(ANOTHER, 50), at="65m"
    ),
    "one in a hundred fails for three days": Case(
        "ModelAvailabilityBurnsSlowly", True, answers(POD, 1), at="73h", interval="30m"
    ),
    "one in three hundred fails for three days": Case(
        "ModelAvailabilityBurnsSlowly", False, answers(POD, 0.3), at="73h", interval="30m"
    ),
    "one in five is slow for an hour": Case(
        "ModelLatencyBurnsFast", True, speeds(POD, 20), at="65m"
    ),
    "one in fifty is slow": Case("ModelLatencyBurnsFast", False, speeds(POD, 2), at="65m"),
    "what nobody waits for is slow": Case(
        "ModelLatencyBurnsFast", False, speeds(POD, 1) + speeds(POD, 90, "/metrics"), at="65m"
    ),
    "one in fifty is slow for three days": Case(
        "ModelLatencyBurnsSlowly", True, speeds(POD, 2), at="73h", interval="30m"
    ),
    "one in two hundred is slow for three days": Case(
        "ModelLatencyBurnsSlowly", False, speeds(POD, 0.5), at="73h", interval="30m"
    ),
    "nobody asks": Case("ModelPredictsNothing", True, rows(POD, "70x100"), at="45m"),
    "there is no pod": Case("ModelPredictsNothing", True, rows(ANOTHER, "0+9x100"), at="45m"),
    "a row came within the window": Case(
        "ModelPredictsNothing", False, rows(POD, "70x60 71x40"), at="85m"
    ),
    "a run of three days ago": Case("ModelStale", True, [], at="51h", interval="30m"),
    "a run of yesterday": Case("ModelStale", False, [], at="48h", interval="30m"),
    "drift": Case(
        "ModelDriftFound", True, [valued("model_drift_detected", DRIFT, "0x5 1x5")], at="7m"
    ),
    "no drift any more": Case(
        "ModelDriftFound", False, [valued("model_drift_detected", DRIFT, "1x5 0x5")], at="7m"
    ),
    "drift of another model": Case(
        "ModelDriftFound",
        False,
        [valued("model_drift_detected", 'model="beer",environment="prod"', "1x10")],
        at="7m",
    ),
    "an error larger than it may be": Case("ModelQualityBelowFloor", True, quality(0), at="5m"),
    "an error within its bound": Case("ModelQualityBelowFloor", False, quality(1), at="5m"),
    "the last job failed": Case(
        "ModelDriftJobFailed", True, job(1, 1000, failed=0) + job(2, 2000, failed=1), at="40m"
    ),
    "the only job failed": Case("ModelDriftJobFailed", True, job(1, 1000, failed=1), at="40m"),
    "a job went well after one that failed": Case(
        "ModelDriftJobFailed", False, job(1, 1000, failed=1) + job(2, 2000, failed=0), at="40m"
    ),
    "the last check was six hours ago": Case(
        "ModelDriftCheckOverdue",
        True,
        [valued("model_drift_last_run_timestamp_seconds", DRIFT, "60x1000")],
        at="6h5m",
        interval="5m",
    ),
    "the job has never run since it is there": Case(
        "ModelDriftCheckOverdue",
        True,
        [valued("kube_cronjob_created", 'namespace="wine-prod",cronjob="wine-drift"', "60x1000")],
        at="6h5m",
        interval="5m",
    ),
    "the last check was an hour ago": Case(
        "ModelDriftCheckOverdue",
        False,
        [
            valued("model_drift_last_run_timestamp_seconds", DRIFT, "18000x1000"),
            valued("kube_cronjob_created", 'namespace="wine-prod",cronjob="wine-drift"', "60x1000"),
        ],
        at="6h5m",
        interval="5m",
    ),
    "nobody checks for drift here": Case(
        "ModelDriftCheckOverdue", False, [], at="6h5m", interval="5m"
    ),
}
GROUPS = rule_groups(WATCHED, THRESHOLDS)
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for alert in ALERTS:
        assert {case.fires for case in CASES.values() if case.alert == alert} == {True, False}


@promtool
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_alert_fires_when_it_should(case: Case, tmp_path: Path) -> None:
    firing = f'ALERTS{{alertname="{case.alert}",alertstate="firing",model="wine"}}'

    refuse_unlike(f"count({firing}) or vector(0)", int(case.fires), case, tmp_path)


@promtool
def test_a_request_to_a_pod_behind_two_services_counts_once(tmp_path: Path) -> None:
    twice = CANARY.replace('pod="b"', 'pod="a"')
    case = Case("", True, answers(POD, 10) + answers(twice, 10), at="20m")

    refuse_unlike("round(sum(model:requests:rate5m) * 60, 0.1)", 100, case, tmp_path)


def refuse_unlike(query: str, expected: float, case: Case, folder: Path) -> None:
    """Fail where a query gives another value than expected of a case's series."""
    rules = write(folder / "rules.yaml", {"groups": GROUPS})
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

    done = run("test", "rules", write(folder / "case.yaml", file))

    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_promtool_finds_nothing_wrong_also_in_haste(tmp_path: Path) -> None:
    rules = write(tmp_path / "rules.yaml", {"groups": GROUPS})
    hasty = write(tmp_path / "hasty.yaml", {"groups": hastened(GROUPS, 60, 2)})

    done = run("check", "rules", rules, hasty)

    assert done.returncode == 0, done.stdout + done.stderr
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
    assert float(THRESHOLDS["latencySeconds"]) in SECONDS


def test_a_word_that_stands_for_nothing_is_named() -> None:
    with pytest.raises(UserError) as refused:
        rule_groups(WATCHED, {})

    line = "deploy/chart/rules/recording.yaml: @latencySeconds@ stands for nothing; expected one of"
    assert str(refused.value).startswith(line)


def write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(data))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
