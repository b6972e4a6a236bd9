"""`make golden`: the chart rendered for every environment, runtime and canary, in tests/golden/.

A change of the chart is read in the diff of these files.
"""

import itertools
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "<<cookiecutter.project>>"
GOLDEN = ROOT / "tests" / "golden" / "chart"
CHART = PROJECT / "deploy" / "chart"
CONF = PROJECT / "conf" / "environment"

sys.path.append(str(PROJECT / "src"))

STABLE, CANDIDATE = f"sha256:{64 * 'a'}", f"sha256:{64 * 'b'}"
COMMIT, COMMITTED = 40 * "c", "2026-11-01T10:00:00Z"
CASES = list(itertools.product(("dev", "test", "prod"), ("bento", "kserve"), (False, True)))
#: What a canary needs beside itself, and every extra.
EXTRAS: dict[str, Any] = {
    "route": {"enabled": True, "hostnames": ["wine.example.org"]},
    "monitoring": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "rules": {"enabled": True},
        "dashboard": {"enabled": True},
    },
    "secrets": {"enabled": True, "data": [{"variable": "API_TOKEN", "key": "wine/api"}]},
    "pullSecrets": ["registry"],
}
#: What the Bento has in addition, as it alone records predictions.
RECORDED: dict[str, Any] = {
    "predictions": {"enabled": True, "claim": "wine-predictions"},
    "drift": {
        "enabled": True,
        "image": f"ghcr.io/team/wine-model-pipeline@sha256:{64 * 'd'}",
        "repository": "https://$(GIT_TOKEN)@git.example.org/team/wine-model.git",
        "folder": "models/wine",
        "secrets": ["wine-pipeline"],
        "egress": [{"ports": [{"port": 9000}]}],
    },
}


def values(name: str, runtime: str, canary: bool) -> dict[str, Any]:
    """Return the chart's values for an environment as it is, or with every extra and a canary."""
    from delivery.chart_values import chart_values, package_facts
    from delivery.environments import Environment, checked_name
    from project.loading import load_file

    manifest = {"name": "wine-model", "version": 12 * "a", "digests": {"modelcar": STABLE}}
    facts = package_facts(manifest, "ghcr.io/team", STABLE)
    facts = replace(facts, commit=COMMIT, committed=COMMITTED)
    environment = load_file(Environment, CONF / f"{name}.yaml")
    chosen = chart_values(checked_name(name), environment, facts) | {"runtime": runtime}
    if not canary:
        return chosen | {"canary": {"enabled": False}}
    steps: dict[str, Any] = {"enabled": True}
    if runtime == "kserve":
        steps |= {"weight": 20, "model": {"digest": CANDIDATE, "version": 12 * "b"}}
    recorded = RECORDED if runtime == "bento" else {}
    return chosen | EXTRAS | recorded | {"canary": steps}


def file_name(name: str, runtime: str, canary: bool) -> str:
    """Name the golden file of a case."""
    return f"{name}-{runtime}{'-canary' if canary else ''}.yaml"


def rendered(chosen: dict[str, Any]) -> str:
    """Render the chart into one text, a document after the other."""
    from delivery.environments import checked_name, namespace
    from delivery.helm import render

    where = namespace(checked_name(chosen["environment"]), chosen["name"])
    return "---\n".join(sorted(render(chosen, where, CHART)))


def main() -> None:
    """Write all of them anew."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir(parents=True)
    for case in CASES:
        (GOLDEN / file_name(*case)).write_text(rendered(values(*case)), encoding="utf-8")
    print(f"{GOLDEN.relative_to(ROOT)}/: {len(CASES)} files")


if __name__ == "__main__":
    main()
