"""Who is told of which alert: the routes of deploy/monitoring/alertmanager.yaml, by amtool."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

from monitoring.alertmanager import CONFIG, on_loopback
from monitoring.rules import Watched, default_thresholds, rule_groups

pytestmark = pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not installed")

RETRAINING = {"ModelDriftFound", "ModelQualityBelowFloor"}


def alerts(environment: str) -> dict[str, dict[str, str]]:
    """Return the labels of each alert."""
    groups = rule_groups(Watched("wine", environment, "wine"), default_thresholds())
    return {
        rule["alert"]: {"alertname": rule["alert"], **rule["labels"]}
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    }


@pytest.mark.parametrize("alert", alerts("prod"))
def test_people_hear_of_everything_and_a_retraining_starts_where_it_helps(alert: str) -> None:
    expected = "retraining,people" if alert in RETRAINING else "people"

    assert routed_here(alert) == expected


def test_in_dev_nothing_is_retrained_by_itself() -> None:
    assert routed(CONFIG, alerts("dev")["ModelDriftFound"]) == "people"


def test_amtool_finds_nothing_wrong_also_on_loopback(tmp_path: Path) -> None:
    laptop = tmp_path / "alertmanager.yaml"
    laptop.write_text(yaml.safe_dump(on_loopback("http://127.0.0.1:9", factor=60)))

    for path in (CONFIG, laptop):
        done = amtool("check-config", str(path))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", alerts("prod"))
def test_routes_on_loopback_are_the_same(alert: str, tmp_path: Path) -> None:
    laptop = tmp_path / "alertmanager.yaml"
    config = on_loopback("http://127.0.0.1:9", factor=60)
    laptop.write_text(yaml.safe_dump(config))
    labels = alerts("prod")[alert]

    assert routed(laptop, labels) == routed_here(alert)
    assert config["route"]["group_wait"] == "1s"
    assert {
        receiver["name"]: receiver["webhook_configs"][0]["url"] for receiver in config["receivers"]
    } == {"people": "http://127.0.0.1:9/people", "retraining": "http://127.0.0.1:9/retraining"}


@cache
def routed_here(alert: str) -> str:
    """Return who is told of an alert of prod by the configuration as it is."""
    return routed(CONFIG, alerts("prod")[alert])


def routed(config: Path, labels: dict[str, str]) -> str:
    given = [f"{name}={value}" for name, value in labels.items()]
    done = amtool("config", "routes", "test", "--config.file", str(config), *given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
