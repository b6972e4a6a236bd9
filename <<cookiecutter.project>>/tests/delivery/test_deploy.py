"""What may enter an environment, and each thing that may not: refused, with all left as it was."""

import math
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery import packages
from delivery.deploy import main
from delivery.gates.all import GATES, KNOWN
from delivery.gates.all import main as gates
from delivery.gates.names import GATE_NAMES
from delivery.push import main as push
from delivery.registry.choice import open_registry
from delivery.registry.interface import fetch_manifest
from delivery.state.record import Record
from delivery.state.store import StateStore
from project import module
from project.errors import UserError
from project.files import read_json, write_json
from project.git import last_change
from project.module import run_module

from ..conftest import Once
from .conftest import files_below, record
from .deployable import ROOT, commit, edit_environment, make_project, records, train
from .state.conftest import git, own_settings, roll_back

__all__ = ["own_settings"]
VARIABLES = ("CHANGE", "OVERRIDE", "REASON", "DRY_RUN", "DIRECT", "SLIPWAY_WEBHOOK")
Deploy = Callable[..., str]


@pytest.fixture
def deploy(
    folder: Path, in_process: None, once: Once, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> Deploy:
    """Return a function that deploys in a project which has not trained yet; it says what is said.

    MLflow does not answer, which stops no deploy.
    """
    once("project", make_project)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    def run(environment: str = "dev", **given: str) -> str:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"ENV": environment} | given).items():
            monkeypatch.setenv(name, value)
        main()
        said = capsys.readouterr()
        return str(said.out + said.err)

    return run


@pytest.fixture
def trained(deploy: Deploy, once: Once) -> str:
    """Train a model that is wrong by 1; return its digest."""
    once("trained", lambda: train(1.0))
    return package_digest()


@pytest.fixture
def worse(deploy: Deploy, once: Once) -> str:
    """Deploy a model that is wrong by 2 to dev; return its digest."""

    def make() -> None:
        train(2.0)
        deploy()

    once("worse", make)
    return package_digest()


@pytest.fixture
def in_test(worse: str, deploy: Deploy, once: Once) -> str:
    """Let the model in dev enter test, each verified; return its digest."""

    def make() -> None:
        verify("dev")
        deploy("test")
        verify("test")

    once("in test", make)
    return worse


@pytest.fixture
def refused(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that deploys and must be refused, with everything left as it was.

    MLflow, which has the aliases, would answer there; nobody asks it.
    """

    def run(environment: str = "dev", **given: str) -> str:
        before = everything()
        with socket.create_server(("127.0.0.1", 0)) as mlflow:
            uri = f"http://127.0.0.1:{mlflow.getsockname()[1]}"
            with monkeypatch.context() as patched:
                patched.setenv("MLFLOW_TRACKING_URI", uri)
                with pytest.raises(UserError) as stopped:
                    deploy(environment, **given)
            mlflow.setblocking(False)
            with pytest.raises(BlockingIOError):
                mlflow.accept()
        assert everything() == before
        line = str(stopped.value)
        assert "\n" not in line
        return line

    return run


def everything() -> Any:
    """Return the state with its records, the registry with its tags, and the package."""
    assert not Path(".git/packed-refs").exists()  # git tidies nothing here: each is a file
    return [files_below(Path(folder)) for folder in (".git/refs", "registry", "dist")]


def package_digest() -> str:
    """Return the digest of the package in dist/."""
    return str(read_json(Path("dist/manifest.json"))["digests"]["modelcar"])


def verify(environment: str, passed: bool = True, target: str = "pulled") -> None:
    """Note a verification of what is there."""
    store = StateStore.open()
    seen = store.current(environment, "toy")
    assert seen
    note = {"passed": passed, "target": target}
    known = seen.record.model_dump(include={"environment", "model", "digest", "commit"})
    store.note(Record(action="verify", replaced=seen.record.id, verification=note, **known))


def test_the_first_model_goes_without_a_champion_and_the_record_says_so(
    deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = train(1.0)
    said = deploy()

    assert f"dev is to run toy {digest[7:19]} (" in said
    (written,) = records("dev")
    assert (written["action"], written["digest"], written["replaced"]) == ("deploy", digest, None)
    assert written["commit"] == git(Path(), "rev-parse", "HEAD")
    gates = {gate["id"]: gate for gate in written["gates"]}
    assert gates["champion"]["figures"]["champion_digest"] is None
    assert gates["champion"]["figures"]["candidate"]["metrics"]["rmse"] == 1.0
    assert {gate["verdict"] for gate in written["gates"]} == {"passed", "not asked"}
    assert packages.resolve(digest[7:19]) == digest
    found = StateStore.open().current("dev", "toy")
    assert found
    assert found.state.settings["chart"]["revision"] == written["commit"]
    model = found.state.chart_values["model"]
    assert (model["digest"], model["commit"]) == (digest, written["commit"])
    assert model["committed"] == last_change(Path("dvc.lock"), written["commit"])


def test_other_packages_are_asked_in_processes_of_their_own(
    deploy: Deploy, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_module", run_module)
    train(1.0)
    assert "warning: alias dev: http://127.0.0.1:9: the tracking server does not" in deploy()
    assert len(records("dev")) == 1
    train(1.0, column="area")
    assert "no comparison: the champion has other columns: it needs size, area is new" in refused()


def test_a_package_that_runs_already_is_not_deployed_twice(deploy: Deploy, worse: str) -> None:
    assert "runs toy" in deploy()
    assert len(records("dev")) == 1


@pytest.mark.parametrize(
    ("margin", "bias", "goes"),
    [
        (0.0, -2.0, True),  # as far off, the other way
        (0.0, 2.1, False),
        (0.2, 2.1, True),
    ],
)
def test_a_candidate_is_held_against_the_champion(
    deploy: Deploy, refused: Callable[..., str], worse: str, margin: float, bias: float, goes: bool
) -> None:
    edit_environment("dev", champion={"margins": {"rmse": margin}})
    train(bias)
    if goes:
        assert "dev is to run" in deploy()
    else:
        assert f"champion: against {worse[7:19]}: rmse is {bias:.4g}, " in refused()


def test_a_worse_model_goes_by_an_override_that_is_recorded(
    deploy: Deploy, refused: Callable[..., str], worse: str
) -> None:
    train(3.0)
    assert "OVERRIDE=champion: nobody says why" in refused(OVERRIDE="champion")
    assert "OVERRIDE=verdict: not in dev, where only" in refused(OVERRIDE="verdict", REASON="x")
    assert "OVERRIDE=nosuch: no such gate" in refused(OVERRIDE="nosuch", REASON="x")

    deploy(OVERRIDE="champion", REASON="The old one leaks the target")

    written = records("dev")[-1]
    assert (written["override"], written["reason"]) == ("champion", "The old one leaks the target")
    gate = next(gate for gate in written["gates"] if gate["id"] == "champion")
    assert gate["verdict"] == "overridden"
    assert gate["why"].endswith("rmse is 3, the champion's 2 (margin 0)")
    assert gate["figures"]["champion"]["metrics"]["rmse"] == 2.0


def test_several_gates_are_passed_over_by_one_override(
    deploy: Deploy, refused: Callable[..., str], worse: str
) -> None:
    train(3.0)
    plant_new_file()
    assert "clean: notes.txt" in refused(OVERRIDE="champion", REASON="x")
    said = refused(OVERRIDE="champion,verdict", REASON="x")
    assert said.startswith("OVERRIDE=verdict: not in dev")

    deploy(OVERRIDE="clean, champion", REASON="In a hurry")

    written = records("dev")[-1]
    assert written["override"] == "clean, champion"
    gates = {gate["id"]: gate["verdict"] for gate in written["gates"]}
    assert [name for name, verdict in gates.items() if verdict == "overridden"] == [
        "clean",
        "champion",
    ]


def test_a_slice_has_a_floor(trained: str, refused: Callable[..., str]) -> None:
    edit_environment("dev", champion={"slices": {"rmse": 0.5}})
    assert "champion: rmse where size is 0 to 9.75 is 1, must be at most 0.5" in refused()


def test_a_champion_that_cannot_be_asked_refuses(worse: str, refused: Callable[..., str]) -> None:
    train(1.0)
    shutil.rmtree("registry")
    assert f"champion: the champion {worse} is gone from the registry" in refused()


def test_a_metric_that_is_not_a_number_refuses(refused: Callable[..., str]) -> None:
    train(math.nan, rmse=0.5, mae=0.5)  # whatever it says of itself, it answers NaN
    assert "champion: " in (line := refused())
    assert "rmse is not a number" in line


def test_a_comparison_that_compares_nothing_refuses(refused: Callable[..., str]) -> None:
    edit_environment("dev", champion={"margins": {"accuracy": 0.0}})
    train(1.0)
    assert "conf/environment/dev.yaml: champion.margins names no metric of regression" in refused()


def plant_unknown_metric() -> None:
    train(1.0, mae=None)


def plant_changed_onnx() -> None:
    with Path("dist/bento/src/model.onnx").open("ab") as file:
        file.write(b"more")


def plant_changed_onnx_and_lock() -> None:
    plant_changed_onnx()
    record()
    commit()


def plant_missing_sbom() -> None:
    Path("dist/sbom.json").unlink()


def plant_edit() -> None:
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "\n# edited\n")


def plant_new_file() -> None:
    Path("notes.txt").write_text("new")


def plant_refused_verdict() -> None:
    write_json(Path("reports/evaluation.json"), {"verdict": "refused", "reasons": ["rmse is 9"]})
    commit()


def plant_other_metrics() -> None:
    metrics = read_json(Path("reports/metrics.json"))
    write_json(Path("reports/metrics.json"), metrics | {"rmse": 0.1})
    commit()


def plant_moved_tag() -> None:
    push()
    first = read_json(Path("dist/manifest.json"))["digests"]["modelcar"]
    train(0.5)
    version = read_json(Path("dist/manifest.json"))["version"]
    registry = open_registry()
    registry.send_manifest(fetch_manifest(registry, first), version)


PLANTED: list[tuple[Callable[[], None], str]] = [
    (plant_unknown_metric, "verdict: mae of the package is None, expected a number"),
    (plant_changed_onnx, "signature: dist/bento/src/model.onnx: was changed after"),
    (plant_changed_onnx_and_lock, "signature: dist/bento/src/model.onnx: was changed after"),
    (plant_missing_sbom, "signature: dist/sbom.json: no such file"),
    (plant_edit, "clean: params.yaml: not committed"),
    (plant_new_file, "clean: notes.txt: not committed"),
    (plant_refused_verdict, "verdict: the model is refused: rmse is 9"),
    (plant_other_metrics, "verdict: reports/metrics.json: is about another model"),
    (commit, "commit: the package was signed at commit "),
    (plant_moved_tag, "points to sha256:"),
]


@pytest.mark.parametrize(("plant", "said"), PLANTED)
def test_a_package_that_is_not_as_it_should_be_is_refused(
    trained: str, refused: Callable[..., str], plant: Callable[[], None], said: str
) -> None:
    plant()
    line = refused()
    assert line.startswith("dev refuses toy ")
    assert said in line


def test_stages_that_are_not_up_to_date_are_refused(refused: Callable[..., str]) -> None:
    stage = (
        "stages:\n  package:\n    cmd: 'true'\n    deps: [params.yaml]\n    outs: [dist/bento]\n"
    )
    Path("dvc.yaml").write_text(stage)
    train(1.0)
    assert "current: dvc status: package changed; type: make repro" in refused()


def test_no_environment_is_skipped(
    deploy: Deploy, trained: str, refused: Callable[..., str]
) -> None:
    digest = trained
    assert "test refuses toy" in refused("test")
    assert "before: nothing runs in test; type: make deploy" in refused(
        "prod", CHANGE="OPS-1", DIRECT="1"
    )
    assert "before: nothing runs in dev; type: make deploy ENV=dev" in refused("test")
    deploy()
    assert f"before: {digest[7:19]} has not been verified in dev" in refused("test")
    verify("dev", passed=False)
    assert f"before: {digest[7:19]} did not pass its verification in dev" in refused("test")
    verify("dev")
    assert "test is to run" in deploy("test")

    other = train(0.5)
    assert f"before: dev runs {digest[7:19]}, this is {other[7:19]}" in refused("test")


def test_what_counts_as_verified_is_a_setting(
    deploy: Deploy, worse: str, refused: Callable[..., str]
) -> None:
    edit_environment("dev", verification={"target": "running"})
    verify("dev", target="pulled")
    assert "was verified as pulled, not as it runs; type: make verify ENV=dev URL" in (
        refused("test")
    )
    verify("dev", target="running")
    assert "test is to run" in deploy("test")


def test_what_was_rolled_back_does_not_come_again(
    deploy: Deploy, in_test: str, refused: Callable[..., str]
) -> None:
    last = train(1.0)
    for environment in ("dev", "test"):
        deploy(environment)
        verify(environment)
    roll_back("test", reason="it is slow")
    line = refused("test")
    assert f"rolled_back: {last[7:19]} was rolled back in test by Ada" in line
    assert "(it is slow)" in line
    assert "before: test runs" in refused("prod", CHANGE="OPS-1", DIRECT="1")


def test_prod_needs_a_change_and_no_freeze(
    deploy: Deploy, in_test: str, refused: Callable[..., str]
) -> None:
    assert "change: no change is named; type: … CHANGE=…" in refused("prod")
    assert "change: CHANGE=ops 1 does not match" in refused("prod", CHANGE="ops 1")
    assert "change: CHANGE=OPS-1x does not match" in refused("prod", CHANGE="OPS-1x")
    said = refused("prod", CHANGE="OPS-1", OVERRIDE="freeze", REASON="x")
    assert "OVERRIDE=freeze: not in prod, where none may be" in said

    freeze = {"start": "2020-01-01", "end": "2100-01-01", "why": "Christmas"}
    edit_environment("prod", freeze=[freeze])
    assert "freeze: frozen until 2100-01-01T00:00:00+00:00: Christmas" in (
        refused("prod", CHANGE="OPS-1")
    )
    edit_environment("prod", freeze=[])
    for given in ({}, {"DRY_RUN": "1"}):
        said = refused("prod", CHANGE="OPS-1", **given)
        assert "request: there is no git remote to open a pull request at; type: git" in said

    assert "prod is to run" in deploy("prod", CHANGE="OPS-1", DIRECT="1")
    assert records("prod")[-1]["change"] == "OPS-1"


def test_without_a_remote_no_override_opens_a_request(
    trained: str, refused: Callable[..., str]
) -> None:
    edit_environment("dev", state={"by": "pull_request"}, overridable=["request"])
    for given in ({}, {"DRY_RUN": "1"}):
        said = refused(OVERRIDE="request", REASON="There is none", **given)
        assert said.startswith("there is no git remote to open a pull request at")


def test_a_switch_that_is_neither_on_nor_off_is_refused(
    trained: str, refused: Callable[..., str]
) -> None:
    edit_environment("dev", state={"by": "pull_request"})
    assert refused(DIRECT="false") == "DIRECT=false: expected DIRECT=1, or nothing"
    assert "no git remote to open a pull request at" in refused(DIRECT="0")


def test_prod_is_proposed_on_a_branch_of_its_own(
    deploy: Deploy,
    in_test: str,
    refused: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bare = tmp_path_factory.mktemp("remote") / "team.git"
    git(Path(), "clone", "--quiet", "--bare", ".", str(bare))
    git(Path(), "remote", "add", "origin", str(bare))
    said = deploy("prod", CHANGE="OPS-1")

    assert "asks to enter prod: pushed deploy/prod/toy/" in said
    assert StateStore.open().current("prod", "toy") is None
    branches = git(bare, "branch", "--list", "deploy/prod/toy/*", "--format=%(refname:short)")
    assert git(bare, "show", f"{branches}:prod/toy/config.yaml").startswith("model: toy\n")

    line = refused("prod", CHANGE="OPS-2")
    assert f"request: {branches} is open already; merge it, or close it and type: git push " in line
    assert "would go: " in deploy("prod", CHANGE="OPS-2", DRY_RUN="1", DIRECT="1")
    git(bare, "update-ref", "refs/heads/gitops", branches)  # as a merge does
    assert StateStore.open().current("prod", "toy")
    train(0.5)
    push_code()
    assert "before: " in refused("prod", CHANGE="OPS-2")


def test_a_commit_that_a_cluster_cannot_clone_is_refused(
    deploy: Deploy, refused: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = tmp_path_factory.mktemp("remote") / "team.git"
    git(Path(), "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git(Path(), "remote", "add", "origin", str(bare))
    train(1.0)
    assert f"pushed: {git(Path(), 'rev-parse', 'HEAD')[:10]} is not in {bare}, " in refused()
    push_code()
    clone = bare.with_name("clone")
    git(bare, "clone", "--quiet", str(bare), str(clone))
    who = ("-c", "user.name=Zoë", "-c", "user.email=zoe@example.org")
    git(clone, *who, "commit", "--quiet", "--allow-empty", "-m", "Go on")
    git(clone, "push", "--quiet", "origin", "main")
    before = git(Path(), "rev-parse", "origin/main")
    assert "dev is to run" in deploy()  # the remote has gone on, and still has the commit
    assert git(Path(), "rev-parse", "origin/main") == before

    named = (
        Path("params.yaml").read_text().replace("title: Toy", f"title: Toy\n  repository: {bare}x")
    )
    Path("params.yaml").write_text(named)
    train(0.5)
    assert f"pushed: {bare}x: cannot be read: " in refused()


def push_code() -> None:
    """Push the project to its remote."""
    git(Path(), "push", "--quiet", "origin", "main")


def test_a_repository_that_refuses_or_is_gone_changes_nothing(
    deploy: Deploy,
    worse: str,
    refused: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bare = tmp_path_factory.mktemp("remote") / "team.git"
    git(Path(), "init", "--quiet", "--bare", str(bare))
    git(Path(), "remote", "add", "origin", str(bare))
    train(1.0)
    push_code()
    hook = bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no right to push >&2\nexit 1\n")
    hook.chmod(0o755)
    before = git(Path(), "for-each-ref")
    capsys.readouterr()
    with pytest.raises(UserError, match="refused the push: no right to push"):
        deploy()
    assert capsys.readouterr().err == ""  # MLflow was not asked for an alias, which would warn
    assert git(Path(), "for-each-ref") == before
    assert packages.resolve(read_json(Path("dist/manifest.json"))["version"]) is None

    bare.rename(bare.with_name("gone"))
    assert "cannot be read" in refused()


def test_an_edited_record_is_named(worse: str, refused: Callable[..., str]) -> None:
    git(Path(), "worktree", "add", "--quiet", "build/tree", "gitops")
    tree = Path("build/tree")
    (path,) = tree.glob("dev/toy/history/*.json")
    path.write_text(path.read_text().replace('"change": null', '"change": "OPS-1"'))
    git(tree, "commit", "--quiet", "--all", "-m", "Tidy")
    git(Path(), "worktree", "remove", "build/tree")
    train(1.0)
    assert f"records: dev/toy/history/{path.name}: edited by commit" in refused()


def test_a_dry_run_shows_every_gate_and_changes_nothing(
    deploy: Deploy,
    trained: str,
    refused: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = everything()
    shown = deploy(DRY_RUN="1")
    assert everything() == before
    *rows, last = shown.splitlines()
    assert [line.split()[0] for line in rows] == ["gate", *(gate.id for gate in GATES)]
    digest = read_json(Path("dist/manifest.json"))["digests"]["modelcar"]
    assert last == f"would go: toy {digest[7:19]} to dev; nothing was done"

    plant_new_file()
    assert "clean: notes.txt" in refused(DRY_RUN="1")
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(GATES)


def test_settings_can_name_every_gate() -> None:
    assert set(GATE_NAMES) == set(KNOWN)


def test_the_docs_say_of_every_gate_what_it_refuses() -> None:
    text = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    named = {cell.strip() for row in rows for cell in row.split("|")}
    assert {f"`{name}`" for name in KNOWN} <= named


def test_make_gates_prints_each_with_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("SLIPWAY_WEBHOOK", raising=False)
    gates()

    said = capsys.readouterr().out
    for name in KNOWN:
        assert f"\n{name}: " in f"\n{said}"
    assert "Asked by: deploy, canary, promote. Needs: CHANGE=…." in said
    told = "Of prod is told: the webhook in SLIPWAY_WEBHOOK, which is not set here."
    assert said.splitlines()[-1] == told
