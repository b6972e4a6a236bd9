"""Who asks what runs, or what ran, gets a table."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.history import main as history
from delivery.history import period, spans, within
from delivery.state.record import parse_time
from delivery.state.store import StateStore
from delivery.status import main as status
from project.errors import UserError
from project.files import write_json

from .state.conftest import deploy, digest, git, own_settings, record, remote, repo, state

__all__ = ["own_settings", "remote", "repo"]


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the day, for records and for git."""
    import delivery.state.record

    def at(text: str) -> None:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)

        class Fixed(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return moment

        monkeypatch.setattr(delivery.state.record, "datetime", Fixed)
        monkeypatch.setattr(delivery.state.record, "parse_time", datetime.fromisoformat)
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{who}_DATE", moment.isoformat())

    return at


def test_the_table_says_what_runs_for_whom_and_why(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = StateStore.open()
    deploy(0xABC << 208)
    seen = store.current("dev", "toy")
    store.note(record(0xABC << 208, seen, action="verify", verification={"passed": True}))
    deploy(0xDEF << 208, environment="prod", change="CHG-[red]")
    manifest = {"digests": {"modelcar": digest(0xABC << 208)}, "metrics": {"accuracy": 0.9876}}
    write_json(Path("dist/manifest.json"), manifest)

    status()

    first, header, dev, test, prod, last = capsys.readouterr().out.splitlines()
    assert first == "toy, as branch gitops has it"
    assert header.split() == ["runs", "since", "(UTC)", "by", "change", "verified", "candidate"]
    assert dev.split()[:2] == ["dev", "000000000abc"]
    assert dev.split()[4:] == ["Ada", "yes", "is", "this", "one"]
    assert test.split() == ["test", "nothing"]
    assert "Ada  CHG-[red]  not yet   is another one" in prod
    assert last == "candidate in dist/: 000000000abc"


def test_the_candidate_is_compared_by_its_first_metric(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {"digest": digest(1), "package": {"metrics": {"accuracy": 0.9}}}
    store = StateStore.open()
    store.change("dev", "toy", type(state(1)).of(made, {}), record(1, None))
    manifest = {"digests": {"modelcar": digest(2)}, "metrics": {"accuracy": 0.9876}}
    write_json(Path("dist/manifest.json"), manifest)

    status()

    assert "accuracy 0.9876, here 0.9" in capsys.readouterr().out


def test_an_edit_by_hand_is_seen(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(1)
    git(repo, "worktree", "add", "--quiet", "build/tree", "gitops")
    (repo / "build/tree/dev/toy/values.yaml").write_text("replicas: 99\n")
    git(repo / "build/tree", "commit", "--quiet", "-a", "-m", "Quick fix")
    status()

    assert "000000000000, edited" in capsys.readouterr().out


def test_what_was_in_force_on_a_day(repo: Path, calendar: Any) -> None:
    for day, number in (("2026-10-20", 1), ("2026-11-01T12:00", 2), ("2026-11-15", 3)):
        calendar(day)
        deploy(number, environment="prod")
    found = spans(StateStore.open(), "prod", "toy")

    def ran(at: str) -> list[str]:
        return [span.record.digest for span in within(found, *period(at))]

    assert ran("2026-10-19") == []
    assert ran("2026-10-31") == [digest(1)]
    assert ran("2026-11-01") == ran("20261101") == [digest(1), digest(2)]
    assert ran("2026-11-01T11:59") == [digest(1)]
    assert ran("2026-11-01T13:30+01:00") == [digest(2)]
    assert ran("2026-11-02") == [digest(2)]
    assert ran("2027-01-01") == [digest(3)]


def test_a_pull_request_is_in_force_from_its_merge_on(
    repo: Path, remote: Path, calendar: Any
) -> None:
    store = StateStore.open()
    calendar("2026-10-01")
    deploy(1, environment="prod")
    calendar("2026-10-02")
    seen = store.current("prod", "toy")
    made = store.propose("prod", "toy", state(2, "prod"), record(2, seen, "prod"))
    calendar("2026-10-09")
    git(repo, "clone", "--quiet", "--branch", "gitops", str(remote), "build/merge")
    who = ("-c", "user.name=B", "-c", "user.email=b@example.org")
    branch = f"origin/deploy/prod/toy/{made.record.id}"
    git(repo / "build/merge", *who, "merge", "--quiet", "--no-ff", "-m", "Merge", branch)
    git(repo / "build/merge", "push", "--quiet", "origin", "gitops")

    found = spans(store, "prod", "toy")

    assert parse_time(made.record.time).day == 2
    assert found[-1].start == datetime(2026, 10, 9, tzinfo=UTC)
    assert [span.record.digest for span in within(found, *period("2026-10-05"))] == [digest(1)]


def test_make_history_prints_the_newest_first(
    repo: Path, calendar: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENV", "prod")
    monkeypatch.delenv("AT", raising=False)
    history()
    assert capsys.readouterr().out == "nothing of toy ran in prod yet\n"

    for day, number in (("2026-10-20", 1), ("2026-11-01", 2)):
        calendar(day)
        last = deploy(number, environment="prod", override="champion")
    history()

    _, newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split() == (
        f"2026-11-01 00:00 now 000000000000 Ada deploy, past champion not yet {last.id}".split()
    )
    assert oldest.startswith("2026-10-20 00:00  2026-11-01 00:00")

    monkeypatch.setenv("AT", "tomorrow")
    with pytest.raises(UserError, match="AT: expected a day or a moment, 2026-11-01 or"):
        history()
    monkeypatch.setenv("AT", "2020-01-01")
    history()
    assert capsys.readouterr().out == "nothing of toy ran in prod at 2020-01-01\n"
