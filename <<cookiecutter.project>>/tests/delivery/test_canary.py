"""A canary gets its share, moves, is promoted or aborted: commits like the rest, through gates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery.abort import main as abort
from delivery.audit import audit
from delivery.backup import main as backup
from delivery.canary import main as canary
from delivery.deploy import main as deploying
from delivery.gates.all import GATES, PROMOTION
from delivery.history import main as history
from delivery.promote import main as promote
from delivery.rollback import main as rollback
from delivery.state.store import StateStore
from delivery.status import main as status
from project.errors import UserError
from project.git import last_change

from ..conftest import Once
from .deployable import edit_environment, records, train
from .state.conftest import git, own_settings
from .test_deploy import (
    VARIABLES,
    Deploy,
    deploy,
    everything,
    package_digest,
    trained,
    verify,
)

__all__ = ["deploy", "own_settings", "trained"]
RUNTIMES = ("bento", "kserve")
STEPS = [{"weight": 10, "seconds": 60}]
Run = Callable[..., str]


@pytest.fixture
def run(deploy: Deploy, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Return a function that runs one of the commands, and says what is said."""

    def run(main: Callable[[], None], environment: str = "dev", **given: str) -> str:
        for name in (*VARIABLES, "WEIGHT", "TO", "AT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"ENV": environment} | given).items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        main()
        said = capsys.readouterr()
        return str(said.out + said.err)

    return run


@pytest.fixture
def refused(run: Run) -> Run:
    """Return a function that runs a command which is refused, with everything left as it was."""

    def refuse(main: Callable[[], None], environment: str = "dev", **given: str) -> str:
        before = everything()
        with pytest.raises(UserError) as stopped:
            run(main, environment, **given)
        assert everything() == before
        assert "\n" not in str(stopped.value)
        return str(stopped.value)

    return refuse


def allow(environment: str = "dev", runtime: str = "bento") -> None:
    """Let an environment have canaries."""
    values = {"runtime": runtime, "route": {"enabled": True}, "monitoring": {"enabled": True}}
    edit_environment(environment, values=values | {"canary": {"enabled": True, "steps": STEPS}})


@pytest.fixture
def started(run: Run, once: Once) -> Callable[..., str]:
    """Return a function that deploys a model wrong by 2 where canaries are allowed: its digest."""

    def start(runtime: str = "bento") -> str:
        def make() -> None:
            allow(runtime=runtime)
            train(2.0)
            run(deploying)

        once(f"on {runtime}", make)
        return package_digest()

    return start


def current(environment: str = "dev") -> Any:
    return StateStore.open().current(environment, "toy")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_canary_has_its_share_until_it_is_promoted(
    run: Run, started: Callable[..., str], runtime: str
) -> None:
    old = started(runtime)
    before = current().state
    new = train(1.0)

    said = run(canary, WEIGHT="20", REASON="a careful start")

    assert f"dev gives toy {new[7:19]} 20% of its requests (" in said
    assert "alias" not in said
    found = current()
    assert (found.digest, found.canary.digest, found.canary.share.weight) == (old, new, 20)
    config, values = found.state.settings, found.state.chart_values
    told = config.pop("canary")
    assert config == before.settings
    assert (told["digest"], told["weight"], told["package"]["metrics"]["rmse"]) == (new, 20, 1.0)
    assert values["canary"]["weight"] == 20
    shown = values["model"] if runtime == "bento" else values["canary"]["model"]
    assert (shown["digest"], values["replicas"]) == (new, 1)
    assert f"{old[7:19]}, {new[7:19]} on 20%" in run(status)
    assert "is the canary" in run(status)

    run(canary, WEIGHT="50")
    assert "has 50% of dev already" in run(canary, WEIGHT="50")
    verify("dev")
    assert f"dev is to run toy {new[7:19]}, promoted (" in (said := run(promote))
    assert "alias dev" in said  # which follows now, if only MLflow answered
    after = current()
    assert (after.digest, after.canary) == (new, None)
    assert after.state.settings == before.settings | {
        "digest": new,
        "package": told["package"],
    }
    expected = before.chart_values
    commit = git(Path(), "rev-parse", "HEAD")
    expected["model"] |= {"digest": new, "version": new[7:19], "commit": commit}
    expected["model"]["committed"] = last_change(Path("dvc.lock"), commit)
    if runtime == "bento":
        expected["image"]["tag"] = new[7:19]
        expected["canary"]["steps"] = []  # with steps, the Rollout would begin again
    assert after.state.chart_values == expected

    written = records("dev")
    assert [each["action"] for each in written] == [
        *("deploy", "canary", "canary", "verify", "promote")
    ]
    assert [each["share"] for each in written[:3]] == [
        None,
        *({"weight": weight, "beside": old} for weight in (20, 50)),
    ]
    assert [gate["id"] for gate in written[1]["gates"]] == [gate.id for gate in GATES]
    assert [gate["id"] for gate in written[4]["gates"]] == [gate.id for gate in PROMOTION]
    assert (written[1]["digest"], written[4]["digest"]) == (new, new)
    assert f"{old[7:19]}, {new[7:19]} on 50%" in run(history)
    assert audit(StateStore.open(), "toy").found == []

    run(rollback)  # not to the canary, which never ran alone
    assert current().state == before


@pytest.mark.parametrize(
    ("how", "runtime"), [(abort, "kserve"), (rollback, "bento")], ids=["abort", "rollback"]
)
def test_an_abort_restores_what_was_there_and_the_candidate_does_not_come_again(
    run: Run, refused: Run, started: Callable[..., str], runtime: str, how: Callable[[], None]
) -> None:
    old = started(runtime)
    before = current().state
    new = train(1.0)
    for weight in ("20", "50"):
        run(canary, WEIGHT=weight)

    refs = git(Path(), "for-each-ref")
    assert run(how, DRY_RUN="1") == f"would go back: dev to toy {old[7:19]}; nothing was done\n"
    assert git(Path(), "for-each-ref") == refs
    said = run(how, REASON="errors")

    assert said.startswith(f"dev is back at toy {old[7:19]} (")
    assert current().state == before
    last = records("dev")[-1]
    assert (last["action"], last["digest"], last["reason"]) == ("abort", old, "errors")
    assert f"rolled_back: {new[7:19]} was rolled back in dev by Ada" in refused(canary, WEIGHT="5")
    assert "dev/toy: no canary is under way, so there is none to abort" in refused(abort)
    assert audit(StateStore.open(), "toy").found == []
    assert "nothing ran there before" in refused(rollback)


@pytest.mark.parametrize("weight", ["", "-1", "100", "20%", "1e1"])
def test_a_share_is_a_percentage(refused: Run, trained: str, weight: str) -> None:
    assert f"WEIGHT={weight}: expected percent, from 0 to 99" in refused(canary, WEIGHT=weight)


def test_a_canary_needs_something_beside_it_and_an_environment_that_has_them(
    run: Run, trained: str, refused: Run
) -> None:
    assert "dev/toy: nothing runs there; the first package comes" in refused(canary, WEIGHT="5")
    run(deploying)
    assert "is what runs there; make repro makes another" in refused(canary, WEIGHT="5")
    train(0.5)
    assert "dev/toy: it runs without canaries" in refused(canary, WEIGHT="5")


def test_a_canary_passes_the_gates_of_a_deploy(
    run: Run, refused: Run, started: Callable[..., str]
) -> None:
    started()
    train(3.0)
    assert "champion: against" in refused(canary, WEIGHT="1")
    shown = run(canary, WEIGHT="1", DRY_RUN="1", OVERRIDE="champion", REASON="to see")
    *rows, last = shown.splitlines()
    assert [line.split()[0] for line in rows] == ["gate", *(g.id for g in GATES)]
    assert last.startswith("would go: toy ")
    assert len(records("dev")) == 1

    assert "prod/toy: nothing runs there" in refused(canary, "prod", WEIGHT="1")


def test_one_canary_at_a_time_and_no_deploy_past_it(
    run: Run, refused: Run, started: Callable[..., str]
) -> None:
    started()
    first = train(1.5)
    run(canary, WEIGHT="10")
    line = f"canary: {first[7:19]} has 10% as a canary; type: make promote ENV=dev, or make abort"
    assert line in refused(deploying)
    train(1.0)
    assert line in refused(canary, WEIGHT="10")
    assert line in refused(deploying)


def test_only_a_canary_that_was_verified_is_promoted(
    run: Run, refused: Run, started: Callable[..., str]
) -> None:
    assert "dev/toy: no canary is under way" in refused(promote)
    started()
    verify("dev")
    assert "dev/toy: no canary is under way" in refused(promote)
    new = train(1.0)
    run(canary, WEIGHT="10")
    assert f"tried: {new[7:19]} has not been verified as a canary" in refused(promote)
    verify("dev", passed=False)
    assert f"tried: {new[7:19]} did not pass its verification" in refused(promote)
    verify("dev")
    freeze = {"start": "2020-01-01", "end": "2100-01-01", "why": "Christmas"}
    edit_environment("dev", freeze=[freeze])
    assert "freeze: frozen until" in refused(promote)
    edit_environment("dev", freeze=[], change_pattern="OPS-[0-9]+")
    assert "change: no change is named" in refused(promote)
    shown = run(promote, CHANGE="OPS-1", DRY_RUN="1")
    assert [line.split()[0] for line in shown.splitlines()[1:-1]] == [g.id for g in PROMOTION]
    run(promote, CHANGE="OPS-1")
    assert records("dev")[-1]["change"] == "OPS-1"


def test_what_a_canary_leaves_to_the_rest_is_what_the_next_environment_is_judged_by(
    run: Run, refused: Run, started: Callable[..., str]
) -> None:
    started()
    verify("dev")
    new = train(1.0)
    run(canary, WEIGHT="10")
    verify("dev")
    assert "before: dev runs " in refused(deploying, "test")
    run(promote)
    assert f"before: {new[7:19]} has not been verified in dev" in refused(deploying, "test")


def test_where_changes_are_proposed_so_are_a_canary_its_end_and_a_rollback(
    run: Run, started: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    started()
    bare = tmp_path_factory.mktemp("remote") / "team.git"
    git(Path(), "clone", "--quiet", "--bare", ".", str(bare))
    git(Path(), "remote", "add", "origin", str(bare))
    edit_environment("dev", state={"by": "pull_request"})
    new = train(1.0)
    git(Path(), "push", "--quiet", "origin", "main")

    said = run(canary, WEIGHT="20")
    assert f"toy {new[7:19]} asks for 20% of dev: pushed deploy/dev/toy/" in said
    assert current().canary is None
    merge(bare)
    assert current().canary.digest == new

    assert "dev asks to go back to toy " in run(abort)
    assert current().canary
    verify("dev")
    with pytest.raises(UserError, match=r"request: deploy/dev/toy/.* is open already") as stopped:
        run(promote)
    git(Path(), *str(stopped.value).partition("type: git ")[2].split())  # which closes it
    assert f"toy {new[7:19]} asks for all of dev: pushed " in run(promote)
    assert current().canary
    merge(bare)
    assert (current().digest, current().canary) == (new, None)

    assert "dev asks to go back to toy " in run(rollback)
    assert current().digest == new
    assert "dev is back at toy " in run(rollback, DIRECT="1")
    assert current().digest != new
    assert audit(StateStore.open(), "toy").found == []


def merge(bare: Path) -> None:
    """Merge the newest proposal, as its host would."""
    listed = git(bare, "branch", "--list", "deploy/*", "--format=%(refname:short)")
    newest = sorted(listed.splitlines())[-1]
    git(bare, "update-ref", "refs/heads/gitops", f"refs/heads/{newest}")


def test_a_backup_keeps_the_canary_too(run: Run, started: Callable[..., str]) -> None:
    started()
    new = train(1.0)
    run(canary, WEIGHT="20")
    blob = Path("registry/toy/blobs/sha256", new.removeprefix("sha256:"))
    blob.unlink()
    with pytest.raises(UserError, match=f"dev runs {new}, which the registry does not have"):
        run(backup)
