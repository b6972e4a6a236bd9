"""The chart as it stands in this project: its README, and what it knows of the service."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from delivery.chart_readme import README, VALUES, documented, readme
from delivery.chart_values import (
    Facts,
    candidate_facts,
    chart_values,
    package_facts,
    with_runbooks,
)
from delivery.environments import NAMES, load_environment
from delivery.helm import complaint, documents, render
from project.artefacts import CHART
from project.errors import UserError
from project.files import read_json, write_json, write_text
from project.git import git
from serving.bundle import Bundle, Contract
from serving.telemetry import Telemetry

from .conftest import Make

COMMITTED = "2026-11-01T10:00:00Z"
DIGEST = f"sha256:{64 * 'a'}"
MANIFEST = {"name": "wine", "version": 12 * "a", "digests": {"modelcar": DIGEST}}
DEFAULTS = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
SERVING = yaml.safe_load(Path("conf/config.yaml").read_text(encoding="utf-8"))["serving"]
UNITS = {"Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

COMPLAINTS = [
    (
        "values don't meet the specifications of the schema(s) in the following chart(s):\n"
        "model:\n- at '/autoscaling/minReplicas': got string, want integer\n",
        "autoscaling.minReplicas: got string, want integer",
    ),
    (
        "values don't meet …:\nmodel:\n- at '': additional properties 'replica' not allowed\n",
        "replica: no such value, or none that may be set",
    ),
    (
        "values don't meet …:\nmodel:\n- at '/route': additional properties 'a', 'b' not allowed\n",
        "route.a: no such value, or none that may be set",
    ),
    (
        "execution error at (model/templates/checks.yaml:4:4): canary.weight: missing",
        "canary.weight: missing",
    ),
    ("no chart here", "helm: no chart here"),
]


def names_asked_for() -> set[str]:
    """Return the metrics that the AnalysisTemplate's queries name."""
    text = (CHART / "templates/analysistemplate.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"\b(model_[a-z_]+)\{", text))


def names_told(classes: list[str] | None) -> set[str]:
    """Return the metrics that the service tells, for classification or regression."""
    contract = Contract(
        target="y",
        classes=classes,
        columns={"x": "number", "kind": "category"},
        categories={"kind": frozenset({"a"})},
        target_range=None if classes else (0.0, 1.0),
    )
    bundle = Bundle(
        name="wine",
        title="Wine",
        model=Path("model.onnx"),
        digest=DIGEST,
        contract=contract,
        golden={},
        metrics={},
        settings={"max_rows": 4},
    )
    text = Telemetry(bundle).exposition().body.decode()
    # A counter that has counted nothing is told by its type alone.
    types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    suffixes = {"counter": ("_total", ""), "histogram": ("_bucket", "_sum"), "gauge": ("",)}
    return {
        name.removesuffix(suffix) + suffix
        for name, kind in types.items()
        for suffix in suffixes[kind]
    }


def test_a_canary_is_judged_by_metrics_that_the_service_has() -> None:
    asked, told = names_asked_for(), names_told(["a", "b"]) | names_told(None)

    assert len(asked) >= 5
    assert asked <= told


def test_a_pod_has_time_for_what_is_under_way() -> None:
    drain = SERVING["drain_seconds"] + 2 * SERVING["timeout_seconds"]

    assert DEFAULTS["termination"]["drainSeconds"] >= drain


def test_recorded_predictions_fit_their_volume() -> None:
    recording = SERVING["recording"]
    number, unit = re.fullmatch(r"(\d+)(\w+)", DEFAULTS["predictions"]["size"]).groups()  # type: ignore[union-attr]

    assert int(number) * UNITS[unit] > recording["max_files"] * recording["max_file_bytes"]


def test_the_readme_lists_the_values_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")

    assert text == readme(text), "deploy/chart/README.md is stale; type: make chart"


def test_a_value_without_a_comment_is_found() -> None:
    text = "# What answers\nruntime: bento\ngroup:\n  # Known\n  one: 1\n  two: 2\n"

    with pytest.raises(UserError, match=r"line 6: group\.two: no comment says what it is"):
        list(documented(text))


def test_a_comment_covers_what_is_below() -> None:
    text = "# All\ngroup:\n  one: 1\n  two:\n    three: 3\n# Other\nother: 4\n"

    assert [value.path for value in documented(text)] == ["group", "other"]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_facts_and_the_choices_of_the_environment(name: str) -> None:
    environment = load_environment(name)  # type: ignore[arg-type]
    facts = replace(package_facts(MANIFEST, "ghcr.io/team"), commit=40 * "c", committed=COMMITTED)

    values = chart_values(name, environment, facts)  # type: ignore[arg-type]

    assert values == {
        "name": "wine",
        "environment": name,
        "model": {
            "repository": "ghcr.io/team/wine",
            "digest": DIGEST,
            "version": 12 * "a",
            "commit": 40 * "c",
            "committed": COMMITTED,
        },
        "image": {"repository": "ghcr.io/team/wine-service", "digest": "", "tag": 12 * "a"},
        **environment.values,
    }


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a:b@git.example.org/team/wine.git", "https://git.example.org/team/wine"),
        ("git@github.com:team/wine.git", "https://github.com/team/wine"),
        ("ssh://git@git.example.org:2222/team/wine", "https://git.example.org/team/wine"),
        ("/srv/git/wine.git", None),
    ],
)
def test_alerts_point_to_their_pages_where_a_browser_finds_them(
    url: str, address: str | None, with_origin: Path
) -> None:
    git("remote", "set-url", "origin", url)
    rules = {"enabled": True, "staleDays": 30}
    values = {"name": "wine", "monitoring": {"enabled": True, "rules": rules}}
    elsewhere = {"monitoring": {"rules": {"enabled": True, "runbooks": "https://wiki.example.org"}}}

    found = with_runbooks(values)["monitoring"]["rules"]

    pages = {"runbooks": f"{address}/blob/HEAD/docs/runbooks"} if address else {}
    assert found == rules | pages
    assert with_runbooks(elsewhere) == elsewhere
    assert with_runbooks({"name": "wine"}) == {"name": "wine"}


IMAGE = {"repository": "ghcr.io/team/toy-service", "tag": "x", "digest": f"sha256:{64 * 'b'}"}


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({}, True),
        ({"package": f"sha256:{64 * 'c'}"}, False),
        ({"repository": "ghcr.io/other/toy-service"}, False),
    ],
    ids=["its own", "another package's", "another registry's"],
)
def test_pods_are_given_the_digest_of_the_image_that_was_pushed(
    make_package: Make, change: dict[str, str], known: bool
) -> None:
    make_package(registry="ghcr.io/team")
    assert candidate_facts().image_digest == ""
    digest = read_json(Path("dist/manifest.json"))["digests"]["modelcar"]
    write_json(Path("build/image.json"), IMAGE | {"package": digest} | change)

    assert candidate_facts().image_digest == (IMAGE["digest"] if known else "")


@pytest.mark.parametrize("text", ["{", "[]", '{"package": "a", "repository": "b", "digest": "c"}'])
def test_what_says_nothing_of_an_image_is_refused(make_package: Make, text: str) -> None:
    make_package()
    write_text(Path("build/image.json"), text)

    with pytest.raises(UserError, match=r"build/image\.json: not what make image writes"):
        candidate_facts()


def test_a_registry_that_is_a_folder_is_nowhere_for_a_cluster() -> None:
    assert package_facts(MANIFEST, "local").repository == "registry.invalid/wine"


def test_a_name_that_no_service_may_have_is_refused() -> None:
    facts = Facts(name="1wine", version="a", digest=DIGEST, repository="ghcr.io/team/1wine")

    with pytest.raises(UserError, match=r"conf/project.yaml: name: 1wine"):
        chart_values("dev", load_environment("dev"), facts)


@pytest.mark.parametrize(("text", "line"), COMPLAINTS)
def test_what_helm_complains_of_is_one_line(text: str, line: str) -> None:
    assert str(complaint(text)) == line


def test_documents_are_told_apart_and_hold_nothing_of_where_they_came_from() -> None:
    text = "---\n# Source: model/a.yaml\nkind: A\n---\n---\n# Source: b\n\nkind: B\n"

    assert documents(text) == ["kind: A\n", "kind: B\n"]


@pytest.mark.parametrize("said", ["v3.17.4+g595a05d", "version.BuildInfo{}"])
def test_a_helm_that_does_not_check_values_as_the_chart_asks_is_refused(
    said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = folder / "helm"
    helm.write_text(f"#!/bin/sh\necho '{said}'\n")
    helm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(UserError, match=r"expected v3\.18 or later, or no helm"):
        render({"name": "wine"}, "wine-dev")
