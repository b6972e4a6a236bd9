"""From a trained model to production, as its user goes, and a worse one that does not."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, USER, commit_all, git, run
from tests.deploying import bare
from tests.manifests import VALIDATOR, validate
from tests.projects import make
from tests.serving import left_running, served, wait_for
from tests.webhook import listening

Trained = Callable[..., Path]
GOOD = ("model=random_forest", "serving.port=0")
WORSE = (
    *("model.n_estimators=1", "model.max_depth=1"),
    *(
        "evaluation.thresholds.balanced_accuracy=null",
        "evaluation.thresholds.calibration_error=null",
    ),
)


@pytest.fixture
def project(trained: Trained) -> Path:
    """Return a project with a good model, keys, and a remote beside it."""
    made = trained("deploying", *GOOD)
    remote = bare(made.parent / "team.git")
    git(made, "remote", "add", "origin", str(remote))
    assert make(made, "keys").returncode == 0
    sign(made)
    return made


def sign(project: Path) -> None:
    commit_all(project, "Train")
    done = make(project, "sign")
    assert done.returncode == 0, done.stderr
    git(project, "push", "--quiet", "origin", "HEAD")


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def records(project: Path, environment: str) -> list[dict[str, Any]]:
    folder = f"{environment}/wine-model/history"
    listed = git(project, "ls-tree", "-r", "--name-only", "origin/gitops", folder).splitlines()
    return [json.loads(git(project, "show", f"origin/gitops:{name}")) for name in listed]


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[str]]]:
    with listening() as heard:
        yield heard


def test_a_model_goes_to_production_and_a_worse_one_does_not(
    project: Path, webhook: tuple[str, list[str]]
) -> None:
    url, told = webhook
    tell = {"SLIPWAY_WEBHOOK": url}
    for environment in ("dev", "test"):
        assert f"{environment} is to run wine-model" in said(
            make(project, "deploy", f"ENV={environment}")
        )
        assert "is verified (pulled)" in said(make(project, "verify", f"ENV={environment}"))
    refused = make(project, "deploy", "ENV=prod", environment=tell)
    assert refused.stderr.startswith("error: prod refuses wine-model")
    assert "change: no change is named" in refused.stderr
    deploy = ("deploy", "ENV=prod", "CHANGE=OPS-7", "DIRECT=1")
    assert "prod is to run wine-model" in said(make(project, *deploy, environment=tell))
    assert "is verified" in said(make(project, "verify", "ENV=prod", environment=tell))

    assert told[0].startswith("prod refuses wine-model")
    assert told[1].startswith("prod is to run wine-model")
    assert told[2].endswith("in prod is verified (pulled)")
    deployed, verified = records(project, "prod")
    assert (deployed["action"], deployed["change"]) == ("deploy", "OPS-7")
    assert verified["verification"]["passed"] is True
    checks = {check["id"] for check in verified["verification"]["checks"]}
    assert checks == {"ready", "digest", "golden", "p99", "metrics"}
    assert aliases(project) == {"candidate": 1, "dev": 1, "test": 1, "prod": 1}
    assert "agree" in said(make(project, "audit"))
    assert git(project, "status", "--porcelain") == ""

    with served(project) as service:
        done = make(project, "verify", "ENV=dev", f"URL={service.url}")
        assert "is verified (running)" in said(done)
    assert records(project, "dev")[-1]["verification"]["target"] == "running"

    done = make(project, "repro", *GOOD, *WORSE)
    assert done.returncode == 0, done.stdout + done.stderr
    sign(project)
    before = git(project, "ls-remote", "origin", "gitops"), aliases(project)["dev"]
    refused = make(project, "deploy", "ENV=dev")
    assert "champion: against" in refused.stderr
    assert "balanced_accuracy is" in refused.stderr
    assert (git(project, "ls-remote", "origin", "gitops"), aliases(project)["dev"]) == before

    said(make(project, "deploy", "ENV=dev", "OVERRIDE=champion", "REASON=to see it go back"))
    assert aliases(project)["dev"] == 2
    assert "dev is back at wine-model" in said(make(project, "rollback", "ENV=dev"))
    assert aliases(project)["dev"] == 1
    refused = make(project, "deploy", "ENV=dev", "OVERRIDE=champion", "REASON=again")
    assert "rolled_back: " in refused.stderr


def test_what_a_verification_has_started_ends_with_it(project: Path) -> None:
    said(make(project, "deploy", "ENV=dev"))
    before = git(project, "ls-remote", "origin", "gitops")
    asking = {"verify_environment": signal.SIGHUP, "integration": signal.SIGTERM}
    for module, told in asking.items():
        # Under nohup a process has the end of its terminal ignored, and what it starts too.
        command = ["env", "--default-signal=HUP", "ENV=dev", "bin/python"]
        process = subprocess.Popen(
            [*command, "-m", f"delivery.{module}"],
            cwd=project,
            env=os.environ | USER,
            stderr=subprocess.PIPE,
            text=True,
        )
        # Its server, and a worker of that; git may be there too.
        wait_for(lambda: sum("bentoml" in each for each in left_running(project)) > 1, process)

        process.send_signal(told)

        assert "Traceback" not in process.communicate(timeout=60)[1]
        assert process.returncode == 128 + told
        wait_for(lambda: left_running(project) == [])
    assert git(project, "ls-remote", "origin", "gitops") == before


#: DEV runs the Bento, TEST the ModelCar; both have canaries, and TEST takes what comes.
CANARIES = {
    "route": {"enabled": True},
    "monitoring": {"enabled": True},
    "canary": {"enabled": True, "steps": [{"weight": 10, "seconds": 60}]},
}
#: Renders what lies in the state, as Argo CD does.
RENDER = """
import sys
from pathlib import Path
from delivery.manifests import manifests, write
from delivery.state.store import StateStore
for environment in sys.argv[1:]:
    found = StateStore.open().current(environment, "wine-model")
    write(Path("build/rendered", environment), manifests(found.state.chart_values))
"""


def test_a_canary_is_promoted_or_aborted_and_what_is_rendered_follows(project: Path) -> None:
    engine = ROOT / "build/helm"
    engine.mkdir(parents=True, exist_ok=True)
    (project / "build/helm").symlink_to(engine)
    for environment, runtime in (("dev", "bento"), ("test", "kserve")):
        path = project / f"conf/environment/{environment}.yaml"
        settings = yaml.safe_load(path.read_text())
        settings["values"] |= CANARIES | {"runtime": runtime}
        path.write_text(yaml.safe_dump(settings | {"after": None}))
    sign(project)
    for environment in ("dev", "test"):
        said(make(project, "deploy", f"ENV={environment}"))
    assert aliases(project) == {"candidate": 1, "dev": 1, "test": 1}
    stable = rendered(project)
    with served(project) as service:  # which speaks KServe's protocol too
        done = make(project, "verify", "ENV=test", f"URL={service.url}")
        assert "golden: 9 rows as expected" in said(done)
        assert "in test is verified (running)" in done.stdout
    said(make(project, "repro", *GOOD, "model.n_estimators=40"))
    sign(project)
    passing = ("OVERRIDE=champion", "REASON=as good for a test")

    for environment in ("dev", "test"):
        done = make(project, "canary", f"ENV={environment}", "WEIGHT=20", *passing)
        assert f"{environment} gives wine-model" in said(done)
    assert aliases(project) == {"candidate": 2, "dev": 1, "test": 1}
    begun = rendered(project)
    old, _, new = (record["digest"] for record in records(project, "test"))
    rollout = begun["dev"]["Rollout/wine-model"]["spec"]["strategy"]["canary"]
    assert rollout["steps"] == [{"setWeight": 20}, {"pause": {}}]
    assert image(begun["dev"]) == f"{image(stable['dev']).partition(':')[0]}:{new[7:19]}"
    assert storage(begun["test"], "wine-model").endswith(old)
    assert storage(begun["test"], "wine-model-canary").endswith(new)
    assert weights(begun["test"]) == {"wine-model-predictor": 80, "wine-model-canary-predictor": 20}

    refused = make(project, "promote", "ENV=dev")
    assert "dev refuses wine-model" in refused.stderr
    assert "tried: " in refused.stderr
    assert "in dev, a canary, is verified (pulled)" in said(make(project, "verify", "ENV=dev"))
    assert aliases(project)["dev"] == 1
    assert "promoted (" in said(make(project, "promote", "ENV=dev"))
    assert "test is back at wine-model" in said(make(project, "abort", "ENV=test"))
    assert aliases(project) == {"candidate": 2, "dev": 2, "test": 1}
    ended = rendered(project)
    assert ended["test"] == stable["test"]
    assert "steps" not in ended["dev"]["Rollout/wine-model"]["spec"]["strategy"]["canary"]
    assert image(ended["dev"]) == image(begun["dev"])
    assert "agree" in said(make(project, "audit"))


def rendered(project: Path) -> dict[str, dict[str, Any]]:
    """Render what DEV and TEST are to run, see that it is valid, and return it by kind and name."""
    done = run(["bin/python", "-c", RENDER, "dev", "test"], project)
    assert done.returncode == 0, done.stderr
    folder = project / "build/rendered"
    if VALIDATOR.exists():
        assert validate(folder) > 10
    return {
        environment: {
            f"{each['kind']}/{each['metadata']['name']}": each
            for each in (
                yaml.safe_load(path.read_text()) for path in (folder / environment).iterdir()
            )
        }
        for environment in ("dev", "test")
    }


def image(documents: dict[str, Any]) -> str:
    pod = documents["Deployment/wine-model"]["spec"]["template"]["spec"]
    return str(pod["containers"][0]["image"])


def storage(documents: dict[str, Any], name: str) -> str:
    return str(documents[f"InferenceService/{name}"]["spec"]["predictor"]["model"]["storageUri"])


def weights(documents: dict[str, Any]) -> dict[str, int]:
    rule = documents["HTTPRoute/wine-model"]["spec"]["rules"][0]
    return {each["name"]: each["weight"] for each in rule["backendRefs"]}


def aliases(project: Path) -> dict[str, int]:
    """Return the version that each alias names in MLflow."""
    import sqlite3

    with sqlite3.connect(project / "mlflow.db") as database:
        rows = database.execute("SELECT alias, version FROM registered_model_aliases")
        return {alias: int(version) for alias, version in rows}
